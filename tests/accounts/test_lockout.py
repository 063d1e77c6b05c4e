"""After too many wrong passwords: wait, by person and address together."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory

from accounts.lockout import locked_out


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
