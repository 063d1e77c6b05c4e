"""The headers by which browsers protect people, on every address of the site."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.addresses import addresses, standing
from tests.conftest import PASSWORD
from tokens.models import Session

ADDRESSES = addresses()
ALWAYS = {
    "X-Content-Type-Options": {"nosniff"},
    "Referrer-Policy": {"same-origin", "strict-origin", "no-referrer"},
    "Cross-Origin-Opener-Policy": {"same-origin"},
    "Cross-Origin-Resource-Policy": {"same-origin"},
    "Strict-Transport-Security": {"max-age=31536000"},
    "Permissions-Policy": {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
}
# What may open an answer, so that no cache gives it to somebody else.
CREDENTIALS = {"authorization", "x-weiyu-session", "cookie"}
OWN_ONLY = {"'self'", "'none'"}


@pytest.fixture
def secure(settings) -> None:
    """Serve as behind https."""
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = True


@pytest.mark.once
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
    vary = {name.strip() for name in answer.headers.get("Vary", "").lower().split(",")}
    if not vary >= CREDENTIALS:
        found.append(f"Vary: {vary}")
    is_for_all = answer.request["PATH_INFO"] == "/api/schema"
    if not is_for_all and not {"no-store", "private"} & set(
        answer.headers.get("Cache-Control", "").split(", ")
    ):
        found.append("Cache-Control")
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


def test_an_object_is_asked_for_again_and_all_else_is_not_kept(carol, bearer):
    client = bearer(carol)

    profile = client.get("/api/user/profile")
    assert (profile["ETag"], profile["Cache-Control"]) == ('"1"', "private, no-cache")
    for path in ("/api/tickets/list", "/api/users/999999", "/api/nowhere"):
        assert client.get(path)["Cache-Control"] in {"private, no-store", "no-store"}, path


def test_looking_at_a_sign_in_page_makes_no_session(db):
    for page in ("/agent/login", "/admin/login/", "/agent/login?next=/agent/tickets", "/"):
        for method in ("get", "head"):
            answer = getattr(Client(), method)(page)
            assert not answer.cookies, page
    assert not Session.objects.exists()


@pytest.mark.parametrize("page", ["/agent/login", "/admin/login/"])
@pytest.mark.parametrize(
    ("headers", "secure", "status"),
    [
        ({"Origin": "http://testserver"}, False, 302),
        ({"Origin": "https://testserver"}, True, 302),
        ({"Referer": "https://testserver/x"}, True, 302),
        ({"Origin": "https://evil.example"}, True, 403),
        ({"Origin": "https://evil.example", "Referer": "https://testserver/"}, True, 403),
        ({"Referer": "https://evil.example/"}, True, 403),
        ({"Origin": "null"}, False, 403),
        ({}, False, 403),
        ({}, True, 403),
    ],
    ids=str,
)
def test_a_page_of_another_site_signs_nobody_in(page, headers, secure, status, dora):
    client = Client(enforce_csrf_checks=True)
    form = {"username": dora.username, "password": PASSWORD}

    answer = client.post(page, form, headers=headers, secure=secure)

    assert answer.status_code == status
    assert Session.objects.exists() == (status == 302)


def test_a_form_of_a_session_still_needs_its_token(dora):
    client = Client(enforce_csrf_checks=True)
    client.force_login(dora)

    answer = client.post("/agent/logout", headers={"Origin": "http://testserver"})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "header",
    ["traceparent", "tracestate", "baggage", "sentry-trace", "x-requested-with", "x-request-id",
     "authorization", "content-type", "if-match", "idempotency-key"],
)  # fmt: skip
def test_a_preflight_allows_what_libraries_add(header):
    answer = Client().options(
        "/api/tickets/list",
        headers={
            "Origin": "https://crm.example.com",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": header,
        },
    )

    assert answer.status_code == 200
    assert header in answer["Access-Control-Allow-Headers"].split(", ")
