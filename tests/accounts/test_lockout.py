"""After too many wrong passwords: wait, by person and address together."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import get_hasher
from django.db.models import F
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import lockout
from accounts.lockout import locked_out
from tests.conftest import PASSWORD


def attempt(username: str, password: str, address: str = "192.0.2.1"):
    request = RequestFactory().post("/agent/login", REMOTE_ADDR=address)
    user = authenticate(request, username=username, password=password)
    return user, getattr(request, "axes_locked_out", False)


@pytest.mark.django_db
def test_five_wrong_passwords_lock_the_person_at_that_address_only(carol, carlos):
    for _ in range(5):
        attempt("carol@example.com", "wrong")

    right = "correct horse battery staple"
    assert attempt("carol@example.com", right) == (None, True)
    assert attempt("carlos@example.com", right)[0] == carlos
    assert attempt("carol@example.com", right, address="198.51.100.7")[0] == carol


def test_a_line_with_many_ipv6_addresses_is_one_caller(carol):
    for last in range(5):
        attempt("carol@example.com", "wrong", address=f"2001:db8:1:2:{last}::1")

    right = "correct horse battery staple"
    assert attempt("carol@example.com", right, address="2001:db8:1:2::9") == (None, True)
    assert attempt("carol@example.com", right, address="2001:db8:1:3::9")[0] == carol


@pytest.mark.parametrize("address", ["", "unix:", "fe80::1%eth0"])
@pytest.mark.django_db
def test_a_caller_without_a_readable_address_is_counted_too(carol, address):
    for _ in range(5):
        attempt("carol@example.com", "wrong", address=address)

    right = "correct horse battery staple"
    assert attempt("carol@example.com", right, address=address) == (None, True)


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """Return what was hashed: with argon2 that is what guessing costs the machine."""
    done: list[str] = []
    in_use = type(get_hasher())
    stock = in_use.encode

    def counting(self, password, *args, **options):
        done.append(password)
        return stock(self, password, *args, **options)

    monkeypatch.setattr(in_use, "encode", counting)
    return done


@pytest.fixture
def fewer(monkeypatch) -> int:
    """Let an address be locked out sooner, since each try takes its time."""
    assert lockout.MOST_FAILURES_OF_ADDRESS == 100
    monkeypatch.setattr(lockout, "MOST_FAILURES_OF_ADDRESS", 12)
    return 12


def test_many_names_from_one_address_cost_nothing_after_a_while(fewer, carol, hashed):
    for number in range(fewer):
        assert attempt(f"guess{number}@example.com", "wrong") == (None, False)
    assert len(hashed) == fewer
    written = AccessAttempt.objects.count()

    for name in ("another@example.com", "carol@example.com"):
        assert attempt(name, PASSWORD) == (None, True)

    assert len(hashed) == fewer
    assert AccessAttempt.objects.count() == written
    # Everybody else goes on, and so does the address after the wait.
    assert attempt("carol@example.com", PASSWORD, address="198.51.100.7")[0] == carol
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert attempt("carol@example.com", PASSWORD)[0] == carol


def test_all_addresses_of_an_ipv6_line_are_one(fewer, carol):
    for number in range(fewer):
        attempt(f"guess{number}@example.com", "wrong", address=f"2001:db8:1:2::{number}")

    assert attempt("carol@example.com", PASSWORD, address="2001:db8:1:2:9::") == (None, True)
    assert attempt("carol@example.com", PASSWORD, address="2001:db8:1:3::1")[0] == carol


def test_trying_on_does_not_make_the_wait_longer(carol):
    for _ in range(5):
        attempt("carol@example.com", "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))

    assert attempt("carol@example.com", PASSWORD) == (None, True)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=2))
    assert attempt("carol@example.com", PASSWORD)[0] == carol


def test_a_good_token_opens_where_passwords_are_locked_out(fewer, carol, bearer, issue):
    for number in range(fewer + 1):
        attempt(f"guess{number}@example.com", "wrong", address="127.0.0.1")
    page = {"username": "carol@example.com", "password": PASSWORD}
    assert Client().post("/agent/login", page).status_code == 429

    assert bearer(carol).get("/api/user/profile").status_code == 200
    _row, secret = issue(carol)
    assert Client().get("/agent/auth/login", {"accessToken": secret}).status_code == 303


def test_a_program_reads_a_problem_and_a_person_a_page():
    for headers, kind in (
        ({"Accept": "application/json"}, "application/problem+json"),
        ({}, "text/html"),
    ):
        response = locked_out(RequestFactory().post("/agent/login", headers=headers))

        assert response.status_code == 429
        assert response["Content-Type"].startswith(kind)
        assert response["Retry-After"] == "900"
        assert "15" in response.content.decode()
    assert json.loads(locked_out(RequestFactory().post("/api/x")).content)["code"] == "locked-out"
