"""The headers by which browsers protect people, on every address of the site."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.addresses import addresses, standing

ADDRESSES = addresses()
ALWAYS = {
    "X-Content-Type-Options": {"nosniff"},
    "Referrer-Policy": {"same-origin", "strict-origin", "no-referrer"},
    "Cross-Origin-Opener-Policy": {"same-origin"},
    "Cross-Origin-Resource-Policy": {"same-origin"},
    "Strict-Transport-Security": {"max-age=31536000"},
    "Permissions-Policy": {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
}
OWN_ONLY = {"'self'", "'none'"}


@pytest.fixture
def secure(settings) -> None:
    """Serve as behind https."""
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = True


@pytest.mark.parametrize("who", ["nobody", "dora", "token"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_answer_has_every_header(who, method, secure, dora, issue):
    client = Client(raise_request_exception=False)
    if who == "dora":
        client.force_login(dora)
    if who == "token":
        _, secret = issue(dora, domains=["crm.example.com"])
        client.get(
            "/admin/auth/login",
            {"accessToken": secret},
            secure=True,
            headers={"Referer": "https://crm.example.com/", "Sec-Fetch-Dest": "document"},
        )

    wrong = {
        address: missing
        for address in ADDRESSES
        if (missing := complaints(getattr(client, method)(standing(address), secure=True)))
    }

    assert wrong == {}


def complaints(answer: Any) -> list[str]:
    """Return what is wrong with the headers of an answer."""
    assert answer.status_code < 500, answer.request["PATH_INFO"]
    found = [name for name, good in ALWAYS.items() if answer.headers.get(name) not in good]
    policy = directives(answer.headers.get("Content-Security-Policy", ""))
    text = " ".join(source for sources in policy.values() for source in sources)
    if "unsafe" in text or policy.get("default-src") != ["'none'"]:
        found.append(f"policy: {policy}")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        found += page_complaints(answer, policy)
    for cookie in answer.cookies.values():
        if cookie.value and not (cookie["secure"] and cookie["httponly"] and cookie["samesite"]):
            found.append(f"cookie: {cookie.key}")
    return found


def page_complaints(answer: Any, policy: dict[str, list[str]]) -> list[str]:
    found = []
    if "no-store" not in answer.headers.get("Cache-Control", ""):
        found.append("Cache-Control")
    if policy.get("base-uri") != ["'none'"] or policy.get("form-action") != ["'self'"]:
        found.append("base-uri or form-action")
    for name in ("script-src", "style-src", "connect-src"):
        if not set(policy.get(name, [])) <= OWN_ONLY:
            found.append(name)
    is_shut = policy.get("frame-ancestors") == ["'none'"]
    if is_shut != (answer.headers.get("X-Frame-Options") == "DENY"):
        found.append("X-Frame-Options")
    return found


def directives(policy: str) -> dict[str, list[str]]:
    parts = (part.split() for part in policy.split(";") if part.strip())
    return {name: sources for name, *sources in parts}
