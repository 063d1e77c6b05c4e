"""No token survives in an address, and an innocent address comes back byte for byte."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qsl, quote, unquote, urlencode

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from weiyu_site.edge.redaction import MASK, clean_address, clean_path, clean_query, clean_text, mask

JWT_SHAPE = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
TOKEN = "eyJhbGciOiJIUzM4NCIsImtpZCI6InQxIn0.eyJzdWIiOiJ4IiwiaWF0IjoxfQ.c2lnbmF0dXJl_-x"

base64url = st.text("abcXYZ019_-", min_size=1, max_size=20)
jwts = st.builds(lambda *parts: "eyJ" + ".".join(parts), base64url, base64url, base64url)
printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)


def fully_encoded(text: str) -> str:
    return "".join(f"%{ord(c):02x}" for c in text)


@pytest.mark.parametrize(
    "name",
    [
        "accessToken", "accesstoken", "ACCESSTOKEN", "access_token", "Access_Token", "token",
        "amp;accessToken", "amp;amp;accessToken", "amp%3BaccessToken", "access%54oken",
        "%61%63%63%65%73%73%54%6f%6b%65%6e", "access%5Ftoken", "+accessToken", "access-token",
    ],
)  # fmt: skip
def test_a_token_parameter_is_taken_under_every_spelling(name):
    query, taken = clean_query(f"a=1&{name}={TOKEN}&b=2")

    assert query == "a=1&b=2"
    assert taken == [TOKEN]


def test_a_doubled_token_is_taken_twice_so_that_it_can_be_refused():
    assert clean_query(f"accessToken={TOKEN}&accessToken=b&accessToken") == ("", [TOKEN, "b", ""])


def test_a_percent_encoded_token_arrives_decoded():
    assert clean_query(f"accessToken={fully_encoded(TOKEN)}") == ("", [TOKEN])


@given(jwts, printable, printable)
@example(TOKEN, "next=%2Fagent%2F%3FaccessToken%3D", "")
@example(TOKEN, "eyJa.eyJb.", "")
@example(TOKEN, "a=eyJ", "eyJ.a.b")
def test_no_token_survives_in_a_query(token, before, after):
    assume("token" not in before.lower())

    query, _ = clean_query(f"{before}{token}{after}")

    assert not JWT_SHAPE.search(query)
    assert not JWT_SHAPE.search(unquote(query))


@given(jwts, st.integers(1, 3))
def test_no_token_survives_encoding(token, times):
    wrapped = fully_encoded(token)
    for _ in range(times - 1):
        wrapped = quote(wrapped, safe="")

    query, taken = clean_query(f"next={wrapped}&x=1")

    assert query == f"next={MASK}&x=1"
    assert taken == []


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=20)), max_size=6))
def test_an_innocent_query_stays_byte_for_byte(pairs):
    assume(not any("token" in name.lower().replace("_", "").replace("-", "") for name, _ in pairs))
    assume(not any(JWT_SHAPE.search(text) for pair in pairs for text in pair))
    query = urlencode(pairs)
    assume(not any(JWT_SHAPE.search(unquote(text)) for pair in pairs for text in pair))

    assert clean_query(query) == (query, [])


@given(printable)
def test_cleaning_twice_changes_nothing_more(text):
    once, _ = clean_query(text)

    assert clean_query(once) == (once, [])


@given(st.lists(st.tuples(base64url, printable), max_size=5), jwts)
def test_other_parameters_keep_their_values(pairs, token):
    assume(not any("token" in name.lower() for name, _ in pairs))
    assume(not any("eyJ" in unquote(value) for _, value in pairs))
    query = urlencode([*pairs, ("accessToken", token)])

    cleaned, taken = clean_query(query)

    assert parse_qsl(cleaned, keep_blank_values=True) == pairs
    assert taken == [token]


@given(jwts, printable)
def test_no_token_survives_in_a_path_or_a_referer(token, around):
    assert not JWT_SHAPE.search(clean_path(f"/agent/{around}{token}"))
    assert not JWT_SHAPE.search(clean_path(f"/agent/{fully_encoded(token)}/x"))
    assert not JWT_SHAPE.search(unquote(clean_path(f"/agent/{fully_encoded(token)}/x")))
    assert not JWT_SHAPE.search(clean_address(f"https://a.example/x{token}?a={token}#{token}"))


def test_a_referer_keeps_its_origin():
    address = clean_address(f"https://shop.example:8443/a?accessToken={TOKEN}&b=1")

    assert address == "https://shop.example:8443/a?b=1"


def test_a_run_before_the_token_is_kept():
    assert mask(f"x=%3D{TOKEN} and {TOKEN}.") == f"x=%3D{MASK} and {MASK}."


def test_a_token_behind_a_decoy_does_not_lose_its_header_alone():
    assert mask(f"eyJa.eyJb.{TOKEN}") == MASK


@pytest.mark.parametrize(
    "hostile",
    ["eyJ" * 6000, "eyJa." * 4000, "a." * 8000, "%25" * 5000, "%" + "25" * 8000, "-" * 16000,
     "eyJ" * 3000 + "%41" + "eyJ" * 3000, "&" * 16000, "amp;" * 4000],
)  # fmt: skip
def test_a_hostile_text_of_the_longest_size_costs_little(hostile):
    started = time.process_time()

    clean_query(hostile)
    clean_path(hostile)
    clean_text(hostile)

    assert time.process_time() - started < 0.4
