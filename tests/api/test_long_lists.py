"""Lists of a body: how long they are is judged before what is in them, and few errors are told."""

from __future__ import annotations

import json

import pytest
from rest_framework.fields import Field, ListField

from rest.problems import MOST_ERRORS
from tests.api.every_call import Call, one_of_each, writes

# What is refused here is refused before the database is asked.
pytestmark = pytest.mark.once
LISTS = [
    (call, name)
    for call in one_of_each(writes())
    for name, field in call.declared().items()
    if isinstance(field, ListField)
]


def post(client, call: Call, ids, name: str, items: list):
    body = json.dumps({name: items})
    return client.generic(call.method.upper(), call.address(ids), body, "application/json")


def test_every_list_is_found():
    assert {name for _call, name in LISTS} == {
        "domains", "members", "networks", "scopes", "tags", "workgroups",
    }  # fmt: skip


@pytest.mark.parametrize(("call", "name"), LISTS, ids=str)
def test_a_list_of_many_items_costs_no_look_at_them(call, name, ids, dora, as_user, monkeypatch):
    looks, look = [], Field.run_validation

    def counted(self, data=None):
        looks.append(self)
        return look(self, data)

    monkeypatch.setattr(Field, "run_validation", counted)
    response = post(as_user(dora), call, ids, name, [[]] * 100_000)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"] if error["field"] == name]
    assert len(response.content) < 2_000
    assert len(looks) < 50


@pytest.mark.parametrize(("call", "name"), LISTS, ids=str)
def test_at_most_twenty_errors_are_told(call, name, ids, dora, as_user):
    response = post(as_user(dora), call, ids, name, [[]] * 50)

    assert response.status_code == 400
    assert len(response.json()["errors"]) == MOST_ERRORS == 20
