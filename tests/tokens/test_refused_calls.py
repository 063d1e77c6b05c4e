"""Refusals that name no token are counted by address, minute and cause; none costs a query."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import requests
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tests.tickets.together import together
from tests.tokens.test_verification import claims, signed
from tokens.errors import Refused
from tokens.maintenance import due_work
from tokens.models import RefusedCalls, TokenEvent
from tokens.verification import refused_counter
from tokens.verification.call import Call
from tokens.verification.refused_counter import RefusedCounter
from tokens.verification.verify import verify

BAD = signed(claims(), kid="t9")


@pytest.fixture(autouse=True)
def counts(monkeypatch) -> RefusedCounter:
    """Begin with nothing counted."""
    monkeypatch.setattr(refused_counter.refused_calls, "_counts", {})
    return refused_counter.refused_calls


def refuse(secret: str, call: Call) -> None:
    with pytest.raises(Refused):
        verify(secret, call)


def rows(*fields: str) -> list[tuple]:
    return sorted(RefusedCalls.objects.values_list(*fields))


def test_refusals_are_counted_together_by_address_and_minute(db, counts):
    for _ in range(3):
        refuse(BAD, Call("api", "203.0.113.9"))
    for address in ("2001:db8::1", "2001:db8::2"):
        refuse(BAD, Call("login", address, "https://shop.example/page?x=1"))

    counts.write()

    assert rows("address", "cause", "rule", "kind", "origin", "count") == [
        ("2001:db8::", "token-invalid", "key", "login", "https://shop.example", 2),
        ("203.0.113.9", "token-invalid", "key", "api", "", 3),
    ]
    minute = RefusedCalls.objects.first().minute
    assert (minute.second, minute.microsecond) == (0, 0)
    assert timezone.now() - minute < timedelta(minutes=2)


@pytest.mark.parametrize(
    ("rule", "secret"),
    [
        ("form", "hello"),
        ("form", "x" * 10_000),
        ("form", signed(claims(), algorithm="none")),
        ("form", signed(claims()).rpartition(".")[0]),
        ("form", signed(claims()) + "="),
        ("key", signed(claims(), kid="t9")),
        ("signature", signed(claims(), key=b"z" * 48)),
        ("claims", signed(claims(sub="carol"))),
        ("row", signed(claims())),
    ],
)
def test_the_rule_that_was_broken_is_kept(db, counts, rule, secret):
    refuse(secret, Call("api", "203.0.113.9"))

    counts.write()

    assert rows("rule", "count") == [(rule, 1)]


def test_counting_costs_no_query(db, counts, django_assert_num_queries):
    with django_assert_num_queries(0):
        refuse(BAD, Call("api", "203.0.113.9"))


def test_counts_add_up_over_writings(db, counts):
    for page in ("https://shop.example", None):
        refuse(BAD, Call("api", "203.0.113.9", page))
        counts.write()

    assert rows("origin", "count") == [("https://shop.example", 2)]


def test_nothing_counted_writes_nothing(db, counts, django_assert_num_queries):
    with django_assert_num_queries(0):
        counts.write()


def test_a_flood_of_addresses_is_counted_without_telling_them_apart(db, counts, monkeypatch):
    monkeypatch.setattr(refused_counter, "MOST_KEYS", 10)
    for number in range(50):
        refuse(BAD, Call("api", f"10.0.0.{number}"))
    refuse(BAD, Call("api", "10.0.0.1"))

    counts.write()

    assert RefusedCalls.objects.count() == 11
    assert RefusedCalls.objects.get(address="").count == 40
    assert RefusedCalls.objects.get(address="10.0.0.1").count == 2


def test_what_the_database_does_not_take_is_written_later(db, counts, monkeypatch, caplog):
    refuse(BAD, Call("api", "203.0.113.9"))
    with monkeypatch.context() as broken:
        broken.setattr(RefusedCalls.objects.__class__, "add_up", _fails, raising=False)
        counts.write()
    assert RefusedCalls.objects.count() == 0
    assert "could not be written and are kept" in caplog.text

    refuse(BAD, Call("api", "203.0.113.9"))
    counts.write()

    assert rows("count") == [(2,)]


def _fails(*_: object) -> None:
    raise OperationalError("gone")


def test_a_denial_that_names_a_token_is_not_counted(carol, issue, counts):
    _, secret = issue(carol, domains=["crm.example.com"])
    refuse(secret, Call("api", "203.0.113.9"))

    counts.write()

    assert RefusedCalls.objects.count() == 0
    assert TokenEvent.objects.denials().count() == 1


def test_calls_of_login_and_api_are_counted(db, counts):
    Client().get("/agent/auth/login", headers={"Referer": "https://shop.example/"})
    Client().get(f"/agent/auth/login?accessToken={BAD}&accessToken={BAD}")
    Client().get("/admin/auth/login?accessToken=wlc_nothing")
    Client().get(f"/admin/auth/login?accessToken={BAD}")
    APIClient().get("/api/tickets/list", headers={"Authorization": f"Bearer {BAD}"})
    APIClient().get("/api/tickets/list", headers={"Authorization": f"Bearer {BAD}, Bearer {BAD}"})
    APIClient().get("/api/tickets/list")

    counts.write()

    assert rows("kind", "cause", "rule", "origin", "count") == [
        ("api", "token-doubled", "", "", 1),
        ("api", "token-invalid", "key", "", 1),
        ("login", "code-used", "", "", 1),
        ("login", "token-doubled", "", "", 1),
        ("login", "token-invalid", "key", "", 1),
        ("login", "token-missing", "", "https://shop.example", 1),
    ]


def test_counts_are_forgotten_after_thirty_days(db):
    for days in (29, 31):
        RefusedCalls.objects.create(
            minute=timezone.now() - timedelta(days=days), address="10.0.0.1",
            cause="token-invalid", kind="api", count=1,
        )  # fmt: skip

    assert due_work.forget_refused_calls() == 1

    assert RefusedCalls.objects.get().minute > timezone.now() - timedelta(days=30)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_processes_add_to_the_same_count():
    def process(_: int) -> None:
        counting = RefusedCounter()
        for number in range(20):
            counting.add(
                address=f"10.0.0.{number}",
                cause="token-invalid",
                rule="form",
                kind="api",
                origin="",
            )
        counting.write()

    assert together(process, range(4)) == [None] * 4
    assert sum(RefusedCalls.objects.values_list("count", flat=True)) == 80


@pytest.mark.server
def test_the_server_writes_them_by_itself_and_when_it_ends(serving, tmp_path):
    with serving(tmp_path, {}) as site:
        for _ in range(3):
            answer = requests.get(
                f"{site.url}/api/tickets/list",
                headers={"Authorization": f"Bearer {BAD}"},
                timeout=30,
            )
            assert answer.status_code == 401
        site.stop()
        assert counted_by(site) == 3

        site.start()
        requests.get(f"{site.url}/agent/auth/login", timeout=30)
        deadline = time.monotonic() + 30
        while counted_by(site) < 4:
            assert time.monotonic() < deadline


def counted_by(site) -> int:
    printed = site.manage(
        "shell", "--no-imports", "-c",
        "from tokens.models import RefusedCalls\n"
        "print(sum(RefusedCalls.objects.values_list('count', flat=True)))",
    )  # fmt: skip
    return int(printed)
