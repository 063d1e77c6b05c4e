"""Whatever address somebody writes: where a browser would take it decides whether it is a link."""

from __future__ import annotations

import re
from html import unescape
from random import Random
from urllib.parse import unquote

import ada_url
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.addresses import leads_to_login
from records.markup import render

PAGE = "https://desk.example/agent/tickets/7"
PARTS = [
    *(
        "/",
        "/",
        "/",
        "//",
        "\\",
        "..",
        "..",
        "%2e%2e",
        ".%2E",
        ".",
        "%2f",
        "%5c",
        "%252f",
        "\t",
        "\n",
    ),
    *(
        "agent",
        "admin",
        "help",
        "auth",
        "login",
        "open",
        "%61gent/auth",
        "x/../agent/auth",
        "f/abc",
    ),
    *("/agent/auth/login", "/admin/login", "/../agent/auth/open", "\\agent\\auth\\switch"),
    *("x", "x%3f", "x%23", "%", "a@b", ":80", "?", "#", "&", ";", "=", "1", "eyJhbGciOi"),
    *("accessToken=1", "access_token=1", "access-token=1", "%61ccessToken=1", "amp;", "token=eyJx"),
]
SCHEMES = [
    "https://",
    "http://",
    "HTTPS://",
    "https:",
    "http:/",
    "https:\\\\",
    " https://",
    "ht\ttp://",
]


def an_address(seed: int) -> str:
    pick = Random(seed)
    host = pick.choice(["desk.example", "desk.example", "a@desk.example:8000", ""])
    return pick.choice(SCHEMES) + host + "".join(pick.choices(PARTS, k=pick.randint(1, 9)))


def signs_in(address: str) -> bool:
    """Whether a browser on a page of ours would ask for a page of ours that signs in."""
    try:
        url = ada_url.URL(address, base=PAGE)
    except ValueError:
        return False
    path = re.sub("/+", "/", unquote(url.pathname))
    if re.match(r"/(f/\w+/)?(agent|admin|help)/(auth|login)(/|$)", path):
        return True
    names = [part.partition("=")[0] for part in url.search.removeprefix("?").split("&")]
    return any(unquote(name) in {"accessToken", "access_token", "access-token"} for name in names)


@settings(max_examples=500)
@given(st.integers(min_value=0, max_value=2**64))
def test_what_a_browser_takes_to_a_login_is_no_link(seed):
    address = an_address(seed)

    if signs_in(address):
        assert leads_to_login(address), address
    for html in (render(f"[x](<{address}>)").html, render(address).html):
        assert not any(map(signs_in, map(unescape, re.findall('href="([^"]*)"', html)))), html


@pytest.mark.parametrize("tail", ["/agent/auth%2f..", "/agent/auth%2f../y", "/admin/login%2F."])
def test_dots_behind_an_encoded_slash_resolve_nothing(tail):
    assert leads_to_login(f"https://desk.example{tail}")


def test_many_of_those_addresses_sign_in():
    assert sum(signs_in(an_address(seed)) for seed in range(1000)) > 100


def test_an_address_of_any_length_is_judged_in_one_pass():
    for part in ("/..", "%25", "/a", "?token=", "&amp;", "\\", "%2e", "/agent/auth"):
        leads_to_login("https://a.example/" + part * 10_000)
