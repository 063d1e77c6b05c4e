from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from tokens.errors import Refused
from tokens.models import AccessToken, RefusedCalls, TokenEvent
from tokens.verification.call import Call
from tokens.verification.verify import check, verify

DENIALS = "/admin/tokens/denial/"
CALLS = "/admin/tokens/refusedcalls/"
HERE = "203.0.113.9"


@pytest.fixture
def crm(carol, issue) -> AccessToken:
    """Return Carol's token, which pages of crm.example.com may use."""
    return issue(carol, name="CRM", domains=["crm.example.com"], scopes=["tickets:read"])[0]


def refuse(token: AccessToken, kind: str = "api", page: str | None = None, **more) -> None:
    with pytest.raises(Refused):
        check(token, Call(kind, HERE, page), **more)


def listed(client: Client, **query) -> list[TokenEvent]:
    answer = client.get(DENIALS, query)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def text_of(answer) -> str:
    """Return what a person reads."""
    without_tags = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", without_tags).replace("&#x27;", "'")


def test_a_denial_shows_what_was_seen_and_what_to_do(dora, crm, browser):
    refuse(crm, page="https://evil.example.com/path?secret=1")

    answer = browser(dora).get(DENIALS)

    page = text_of(answer)
    assert "This page may not use the token" in page
    assert (
        "The page seen was: https://evil.example.com. An administrator can add its domain to the "
        "token's allowed domains."
    ) in page
    for seen in ("CRM", f"…{crm.hint}", "carol@example.com", "203.0.113.9", "API"):
        assert seen in page
    assert "secret" not in page
    assert (
        f'href="/admin/tokens/accesstoken/{crm.pk}/change/#id_domains"' in answer.content.decode()
    )


@pytest.mark.parametrize(
    ("kind", "settings", "call", "sentence"),
    [
        ("API", {"domains": ["a.example"]}, Call("api", HERE), "List its network"),
        ("Link", {"domains": ["a.example"]}, Call("login", HERE), "without a referring page"),
        ("Session", {"domains": ["a.example"]}, Call("session", HERE), "without a referring page"),
        (
            "Session",
            {"domains": ["a.example"]},
            Call("session", HERE, "https://b.example"),
            "The page seen was: https://b.example.",
        ),
        (
            "Frame",
            {"networks": ["10.0.0.0/8"]},
            Call("frame", HERE),
            "The address seen was 203.0.113.9.",
        ),
    ],
)
def test_each_kind_is_told_what_helps(kind, settings, call, sentence, dora, carol, issue, browser):
    token, _ = issue(carol, **settings)
    with pytest.raises(Refused):
        check(token, call)

    page = text_of(browser(dora).get(DENIALS))

    assert sentence in page
    assert kind in page


def test_a_denied_network_leads_to_the_networks_of_the_token(dora, carol, issue, browser):
    token, _ = issue(carol, networks=["10.0.0.0/8"])
    refuse(token)

    page = browser(dora).get(DENIALS).content.decode()

    assert f'href="/admin/tokens/accesstoken/{token.pk}/change/#id_networks"' in page


def test_a_deleted_token_is_named_without_a_link(dora, crm, browser):
    refuse(crm)
    crm.remove(by=Actor(dora))

    page = browser(dora).get(DENIALS).content.decode()

    assert "CRM" in page
    assert "/admin/tokens/accesstoken/" + str(crm.pk) not in page


def test_denials_of_the_last_thirty_days_are_shown(dora, crm, browser):
    for days in (29, 31):
        TokenEvent.objects.create(
            at=timezone.now() - timedelta(days=days), token_id=crm.pk, token_name=f"{days} days",
            hint="aBc123", subject_id=dora.pk, verb="denied", cause="token-expired",
        )  # fmt: skip
    crm.record("login")

    assert [row.token_name for row in listed(browser(dora))] == ["29 days"]


def test_denials_are_filtered(dora, carol, alice, crm, issue, browser):
    other, _ = issue(alice, name="Shop")
    other.disable(by=Actor(dora))
    refuse(crm, page="https://evil.example.com")
    refuse(crm, page="https://crm.example.com", scope="messages:read")
    refuse(other, "login", "https://shop.example")
    TokenEvent.objects.create(
        at=timezone.now() - timedelta(days=10), token_id=crm.pk, token_name="CRM", hint=crm.hint,
        subject_id=carol.pk, verb="denied", cause="token-expired", details={"kind": "login"},
    )  # fmt: skip
    client = browser(dora)
    today = str(timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0))

    for query, causes in (
        ({}, ["token-expired", "token-disabled", "insufficient-scope", "domain-not-allowed"]),
        ({"cause": "token-disabled"}, ["token-disabled"]),
        ({"token_id": other.pk}, ["token-disabled"]),
        ({"person": carol.pk}, ["token-expired", "insufficient-scope", "domain-not-allowed"]),
        ({"origin": "https://evil.example.com"}, ["domain-not-allowed"]),
        ({"origin": "-"}, ["token-expired"]),
        ({"kind": "login"}, ["token-expired", "token-disabled"]),
        ({"at__gte": today}, ["token-disabled", "insufficient-scope", "domain-not-allowed"]),
        ({"q": "Alice"}, ["token-disabled"]),
        ({"q": "evil.example"}, ["domain-not-allowed"]),
        ({"q": crm.hint}, ["token-expired", "insufficient-scope", "domain-not-allowed"]),
    ):
        assert [row.cause for row in listed(client, **query)] == causes, query


@pytest.mark.parametrize(
    "query", [{"token_id": "x"}, {"person": "9" * 40}, {"cause": "x'"}, {"kind": "?"}]
)
def test_a_filter_that_means_nothing_finds_nothing(query, dora, crm, browser):
    refuse(crm)

    assert listed(browser(dora), **query) == []


def count(address: str, calls: int, **more) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    fields = {"minute": now, "cause": "token-invalid", "rule": "row", "kind": "api", **more}
    RefusedCalls.objects.create(address=address, count=calls, **fields)


def test_refusals_that_name_no_token_are_summed_up(dora, browser):
    earlier = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=5)
    count("203.0.113.9", 3)
    count("203.0.113.9", 1200, minute=earlier)
    count("198.51.100.1", 7, kind="login", cause="token-missing", rule="")
    count("198.51.100.9", 7, minute=timezone.now() - timedelta(days=31))

    answer = browser(dora).get(DENIALS)

    page = text_of(answer)
    assert "1203" in page
    assert "No such token stands here" in page
    assert "The link came without a token" in page
    assert "198.51.100.9" not in page
    assert f'href="{CALLS}"' in answer.content.decode()


def test_counted_calls_are_listed_by_minute(dora, browser):
    count("203.0.113.9", 3, origin="https://shop.example")
    count("2001:db8::", 5, rule="form")
    count("", 9, rule="signature")
    client = browser(dora)

    page = text_of(client.get(CALLS))

    for seen in ("203.0.113.9", "2001:db8::/64", "many addresses", "https://shop.example"):
        assert seen in page
    found = client.get(CALLS, {"rule": "form"}).context["cl"].result_list
    assert [row.count for row in found] == [5]


def test_nothing_refused_says_so(dora, browser):
    page = text_of(browser(dora).get(DENIALS))

    assert "No token was refused in the last 30 days." in page
    assert "Every call of the last 30 days carried a token of this server." in page


def test_the_page_costs_the_same_queries_however_long(
    dora, crm, carol, issue, browser, django_assert_num_queries
):
    client = browser(dora)
    client.get(DENIALS)
    for rows in (3, 30):
        for number in range(rows):
            token, _ = issue(carol, name=f"{rows}-{number}", domains=["a.example"])
            refuse(token, page=f"https://{rows}-{number}.example")
            count(f"10.0.{rows}.{number}", 1)
        with django_assert_num_queries(
            9
        ):  # session, person, three filters, count, rows, sums, total
            client.get(DENIALS)


@pytest.mark.parametrize("page", [DENIALS, CALLS])
def test_who_may_not_read_tokens_sees_none_of_it(page, alice, carol, dora, browser, by_link):
    assert Client().get(page).status_code == 302
    for person in (alice, carol):
        assert browser(person).get(page).status_code == 403
    assert by_link(dora, scopes=["login:admin", "tickets:read"]).get(page).status_code == 403
    reader = by_link(dora, scopes=["login:admin", "tokens:read"])
    assert reader.get(page).status_code == 200
    framed = reader.get(page, headers={"Sec-Fetch-Dest": "iframe"})
    assert b"Open in a new tab" in framed.content
    assert b"203.0.113" not in framed.content


@pytest.mark.parametrize("page", [DENIALS, CALLS])
def test_nothing_is_written_there(page, dora, crm, browser):
    refuse(crm)
    count("203.0.113.9", 3)
    client = browser(dora)
    pk = TokenEvent.objects.denials().get().pk if page == DENIALS else RefusedCalls.objects.get().pk

    assert client.get(f"{page}add/").status_code == 403
    assert client.post(f"{page}{pk}/change/", {"cause": "x"}).status_code == 403
    assert client.post(f"{page}{pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{page}{pk}/change/").status_code == 200


def test_a_real_call_that_is_refused_stands_there(dora, carol, issue, browser):
    _, secret = issue(carol, name="CRM", domains=["crm.example.com"])
    with pytest.raises(Refused):
        verify(secret, Call("login", "203.0.113.9", "https://shop.example/"))

    page = text_of(browser(dora).get(DENIALS))

    assert "https://shop.example" in page
