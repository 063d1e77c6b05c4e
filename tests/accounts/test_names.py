"""Names of people and workgroups: kept as typed, compared without regard to case and spelling."""

from __future__ import annotations

import unicodedata

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError
from django.test import RequestFactory

from accounts.actor import Actor
from accounts.lockout import counted_name
from accounts.models import User, Workgroup
from tests.conftest import PASSWORD

USERS = "/api/users/create"
GROUPS = "/api/workgroups/create"
SPELLINGS = ["JÖRG@example.com", "jo\u0308rg@example.com", "ｊörg@example.com", "jörg@EXAMPLE.com"]


@pytest.fixture
def joerg(db) -> User:
    return User.objects.create_user(
        "jörg@example.com", PASSWORD, email="Jörg@example.com", role=User.Role.AGENT
    )


def errors_of(response):
    assert response.status_code == 400, response.content
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_username_is_one_in_every_spelling(spelling, joerg, dora, as_user):
    response = as_user(dora).post(USERS, {"username": spelling})

    assert errors_of(response) == [("username", "unique")]
    assert User.objects.count() == 2


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_everybody_signs_in_by_any_spelling(spelling, joerg):
    request = RequestFactory().post("/agent/login")

    assert authenticate(request, username=spelling, password=PASSWORD) == joerg
    assert authenticate(request, username=spelling, password="wrong") is None


def test_wrong_passwords_count_for_all_spellings_together():
    request = RequestFactory().post("/agent/login")
    names = {counted_name(request, {"username": name}) for name in SPELLINGS}

    assert names == {"jörg@example.com"}


def test_a_typed_name_of_any_length_costs_little(db):
    request = RequestFactory().post("/agent/login")

    assert authenticate(request, username="ﷺ" * 500_000, password="x") is None
    assert len(counted_name(None, {"username": "ﷺ" * 500_000})) == 255


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", ["username", "email"])
def test_a_filter_finds_every_spelling(name, spelling, joerg, dora, as_user):
    response = as_user(dora).get("/api/users/list", {name: spelling})

    assert [row["id"] for row in response.json()] == [joerg.pk]


@pytest.mark.parametrize("text", ["JÖRG", "jo\u0308rg", "EXAMPLE ｊöｒｇ", "Müller", "CRM-７"])
def test_a_search_finds_every_spelling(text, joerg, dora, as_user):
    joerg.edit(by=Actor.system(), display_name="MÜLLER", external_id="crm-7")

    response = as_user(dora).get("/api/users/list", {"search": text})

    assert [row["id"] for row in response.json()] == [joerg.pk]


def test_two_people_at_once_get_one_username(joerg):
    with pytest.raises(IntegrityError):
        User.objects.bulk_create([User(username="JÖRG@example.com", password="!")])


def test_a_workgroup_is_one_in_every_spelling(dora, as_user):
    client = as_user(dora)
    first = client.post(GROUPS, {"name": "Vertrieb Süd"}).json()

    for spelling in ("VERTRIEB SÜD", unicodedata.normalize("NFD", "Vertrieb Süd"), "Vertrieb  Süd"):
        assert errors_of(client.post(GROUPS, {"name": spelling})) == [("name", "unique")]
        found = client.get("/api/workgroups/list", {"name": spelling}).json()
        assert [row["id"] for row in found] == [first["id"]]
    other = client.post(GROUPS, {"name": "Other"}).json()
    refused = client.put(f"/api/workgroups/{other['id']}", {"name": "vertrieb süd"})
    assert errors_of(refused) == [("name", "unique")]
    assert sorted(Workgroup.objects.values_list("name", flat=True)) == ["Other", "Vertrieb Süd"]


def test_the_spelling_of_a_name_can_be_changed(joerg, dora, as_user):
    client = as_user(dora)
    response = client.put(f"/api/users/{joerg.pk}", {"username": "JÖRG@example.com"})

    assert (response.status_code, response.json()["username"]) == (200, "JÖRG@example.com")
    same = unicodedata.normalize("NFD", "JÖRG@example.com")
    again = client.put(f"/api/users/{joerg.pk}", {"username": same})
    assert again.json()["version"] == response.json()["version"]


def test_an_external_id_is_opaque(joerg, dora, as_user):
    """Two systems' ids may differ in case alone, and are given back as they came."""
    client = as_user(dora)
    decomposed = "Cafe\u0301"

    for number, external_id in enumerate((decomposed, "Café", "café")):
        body = {"username": f"u{number}", "external_id": external_id, "external_source": "shop"}
        made = client.post(USERS, body)
        assert (made.status_code, made.json()["external_id"]) == (200, external_id)
    found = client.get("/api/users/list", {"external_id": decomposed}).json()
    assert [row["external_id"] for row in found] == [decomposed]


ADDRESSES = [
    "o'brien@example.com", "a/b@example.com", "x&y@example.com", "a#b@example.com",
    "!$%*=?^`{|}~@example.com", "jörg@example.com", "用户@例子.公司", "जॉन@example.com",
    '"john smith"@example.com', "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "a@localhost",
    f"{'x' * 64}@{'y' * 63}.{'z' * 63}.{'w' * 57}.com",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_is_a_username_and_an_address(address, dora, as_user):
    client = as_user(dora)
    response = client.post(USERS, {"username": address, "email": address})

    assert response.status_code == 200, response.content
    assert (response.json()["username"], response.json()["email"]) == (address, address)
    assert User.objects.get_by_natural_key(address).pk == response.json()["id"]


@pytest.mark.parametrize(
    "name",
    ["a b", "a@b c", "x'y", "Jo <jo@example.com>", "a,b", "\u200b",
     "a\u200bb@example.com", "a\u202eb@example.com", "a\nb@example.com", f"{'x' * 260}@e.com",
     "\ufdfa" * 20],
)  # fmt: skip
@pytest.mark.parametrize("field", ["username", "email"])
def test_what_is_no_address_is_refused(field, name, dora, as_user):
    response = as_user(dora).post(USERS, {"username": "plain", field: name})

    assert {name for name, _code in errors_of(response)} == {field}
    assert User.objects.count() == 1
