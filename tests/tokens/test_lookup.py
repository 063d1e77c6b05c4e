"""The row that every call reads, by a statement that is worked out once."""

from __future__ import annotations

import pytest

from tokens.models import AccessToken


def columns_of(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_it_is_the_row_and_the_person_that_django_itself_would_read(
    carol, issue, django_assert_num_queries
):
    settings = {"scopes": ["tickets:read"], "domains": ["crm.example.com"], "networks": ["::/0"]}
    token, secret = issue(carol, **settings)
    AccessToken.objects.with_secret(secret)

    with django_assert_num_queries(1):
        found = AccessToken.objects.with_secret(secret)
        person = found.user

    expected = AccessToken.objects.select_related("user").get(pk=token.pk)
    assert columns_of(found) == columns_of(expected)
    assert columns_of(person) == columns_of(carol)
    assert (found._state.adding, found._state.db) == (False, "default")
    assert found.get_deferred_fields() == person.get_deferred_fields() == set()


def test_each_token_finds_its_own_row_and_an_unknown_one_none(carol, dora, issue):
    first, of_carol = issue(carol)
    second, of_dora = issue(dora)

    assert AccessToken.objects.with_secret(of_carol) == first
    assert AccessToken.objects.with_secret(of_dora) == second
    assert AccessToken.objects.with_secret(of_dora).user == dora
    with pytest.raises(AccessToken.DoesNotExist):
        AccessToken.objects.with_secret("unknown")


def test_it_shows_what_was_changed_since_it_was_worked_out(carol, issue):
    token, secret = issue(carol)
    AccessToken.objects.with_secret(secret)

    AccessToken.objects.filter(pk=token.pk).update(name="renamed", scopes=["messages:read"])

    found = AccessToken.objects.with_secret(secret)
    assert (found.name, found.scopes) == ("renamed", ["messages:read"])
