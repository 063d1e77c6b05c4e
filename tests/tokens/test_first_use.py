"""The first use of a token from each network and each page is marked, once."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.tickets.together import together
from tokens.models import AccessToken, TokenEvent
from tokens.verification import first_use
from tokens.verification.call import Call
from tokens.verification.usage import touch


def firsts(token: AccessToken) -> list[str]:
    rows = TokenEvent.objects.filter(token_id=token.pk, verb="first_use").order_by("id")
    return list(rows.values_list("cause", flat=True))


def call(address: str, page: str | None = None) -> Call:
    return Call("api", address, page)


@pytest.fixture
def token(carol, issue) -> AccessToken:
    return issue(carol)[0]


@pytest.fixture(autouse=True)
def _another_process(monkeypatch) -> None:
    monkeypatch.setattr(first_use, "_known", {})


def test_each_network_and_page_is_marked_once(token):
    for used in [
        call("203.0.113.9"),
        call("203.0.113.10"),
        call("2001:db8:1:2::9", "https://crm.example.com/page?x=1"),
        call("2001:db8:1:3::1", "https://crm.example.com"),
        call("203.0.113.9", "https://crm.example.com:8443"),
    ]:
        touch(token, used)

    assert firsts(token) == [
        "203.0.113.0/24",
        "2001:db8:1::/48",
        "https://crm.example.com",
        "https://crm.example.com:8443",
    ]
    first = TokenEvent.objects.filter(verb="first_use").order_by("id")[1]
    assert (first.address, first.origin) == ("2001:db8:1:2::9", "https://crm.example.com")


def test_another_token_has_sources_of_its_own(token, carol, issue):
    other, _ = issue(carol)
    touch(token, call("203.0.113.9"))

    touch(other, call("203.0.113.9"))

    assert firsts(other) == ["203.0.113.0/24"]


def test_a_new_source_is_marked_within_the_minute_of_another_use(token):
    touch(token, call("203.0.113.9"))
    token.refresh_from_db()

    touch(token, call("198.51.100.1"))

    assert firsts(token) == ["203.0.113.0/24", "198.51.100.0/24"]


def test_a_known_source_costs_no_query(token, django_assert_num_queries):
    touch(token, call("203.0.113.9", "https://crm.example.com"))
    token.refresh_from_db()

    with django_assert_num_queries(0):
        touch(token, call("203.0.113.77", "https://crm.example.com"))


def test_another_process_finds_the_marks_in_the_audit(token, monkeypatch):
    touch(token, call("203.0.113.9"))
    monkeypatch.setattr(first_use, "_known", {})

    touch(token, call("203.0.113.9"))

    assert firsts(token) == ["203.0.113.0/24"]


def test_a_token_that_is_used_everywhere_is_marked_no_more(
    token, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(first_use, "MOST_SOURCES", 3)
    for number in range(5):
        touch(token, call(f"10.0.{number}.1"))
    token.refresh_from_db()

    with django_assert_num_queries(0):
        touch(token, call("10.0.9.1"))

    assert len(firsts(token)) == 3


def test_no_more_tokens_are_remembered_than_fit(carol, issue, monkeypatch):
    monkeypatch.setattr(first_use, "MOST_TOKENS", 3)

    for _ in range(7):
        touch(issue(carol)[0], call("203.0.113.9"))

    assert len(first_use._known) <= 3
    assert TokenEvent.objects.filter(verb="first_use").count() == 7


@pytest.mark.parametrize("address", ["", "fe80::1%eth0", "::ffff:203.0.113.9"])
def test_whatever_an_address_looks_like_nothing_fails(address, token):
    touch(token, call(address, "null"))

    assert firsts(token) in ([], ["203.0.113.0/24"], ["fe80::/48"])


def test_a_call_of_the_api_marks_its_source(carol, issue):
    token, secret = issue(carol)

    for _ in range(2):
        APIClient().get(
            "/api/user/profile",
            headers={"Authorization": f"Bearer {secret}", "Origin": "https://crm.example.com"},
        )

    assert firsts(token) == ["127.0.0.0/24", "https://crm.example.com"]


def test_a_refused_call_marks_nothing(carol, issue):
    token, secret = issue(carol, domains=["crm.example.com"])

    APIClient().get(
        "/api/user/profile",
        headers={"Authorization": f"Bearer {secret}", "Origin": "https://evil.example.com"},
    )

    assert firsts(token) == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_processes_mark_a_source_once(token, monkeypatch):
    def used(_: int) -> None:
        first_use._learn(token, call("203.0.113.9"), frozenset({"203.0.113.0/24"}))

    assert together(used, range(4)) == [None] * 4
    assert firsts(token) == ["203.0.113.0/24"]
