"""Ids and other whole numbers in bodies: JSON integers and plain ASCII digits, nothing else."""

from __future__ import annotations

import json

import pytest
from rest_framework.fields import IntegerField
from rest_framework.relations import PrimaryKeyRelatedField

from rest.fields import IdsField
from tests.api.every_call import Call, one_of_each, writes
from tickets.models import Ticket

NUMBERS = [
    (call, name, isinstance(field, IdsField))
    for call in one_of_each(writes())
    for name, field in call.declared().items()
    if isinstance(field, IntegerField | PrimaryKeyRelatedField | IdsField)
]
# What Python, and so the stock fields, take for the number 1 or 10.
LOOKALIKES = [
    1.0,
    1.9,
    1e0,
    "1.0",
    "1_0",
    "１",
    "१",
    " 1 ",
    "1\n",
    "+1",
    "-1",
    True,
    [1],
    {"id": 1},
    "",
]


def send(client, call: Call, ids, body: dict):
    text = json.dumps(body)
    return client.generic(call.method.upper(), call.address(ids), text, "application/json")


def test_every_number_is_found():
    assert {name for _call, name, _is_list in NUMBERS} == {
        "assignee", "conversation", "grace_seconds", "members", "requester", "seen_seq", "seq",
        "ticket", "user", "workgroup", "workgroups",
    }  # fmt: skip


@pytest.mark.parametrize(("call", "name", "is_list"), NUMBERS, ids=str)
def test_what_only_looks_like_a_number_is_refused(call, name, is_list, ids, dora, as_user):
    client = as_user(dora)

    for value in LOOKALIKES:
        response = send(client, call, ids, {name: [value] if is_list else value})

        assert response.status_code == 400, value
        fields = [error["field"].partition(".")[0] for error in response.json()["errors"]]
        assert name in fields, value


@pytest.mark.parametrize("given", [str, int])
def test_an_id_is_a_number_or_its_digits(given, alice, carol, as_user):
    body = {"title": "T", "content": "C", "requester": given(alice.pk)}
    response = as_user(carol).post("/api/tickets/create", body)

    assert (response.status_code, response.json()["requester"]) == (200, alice.pk)


def test_a_fraction_assigns_to_nobody(ids, carol, dora, as_user):
    response = as_user(dora).put(f"/api/tickets/{ids['tickets']}", {"assignee": carol.pk + 0.9})

    assert response.status_code == 400
    assert Ticket.objects.get().assignee is None


@pytest.mark.parametrize(
    "address",
    [
        "/api/tickets/list?assignee={}",
        "/api/tickets/list?requester=1,{}",
        "/api/users/list?workgroup={}",
        "/api/workgroups/list?member={}",
        "/api/conversations/list?ticket={}",
        "/api/conversations/list?assignee={}",
        "/api/messages/list?conversation={}",
        "/api/messages/list?conversation=1&after_seq={}",
        "/api/tokens/list?user={}",
        "/api/statistics/overview?assignee={}",
        "/api/tickets/list?limit={}",
    ],
)
def test_what_only_looks_like_a_number_is_no_filter(address, dora, as_user):
    for value in ("1_0", "１", "%2B1", "1.0", "1e1", "0x1"):
        assert as_user(dora).get(address.format(value)).status_code == 400, value


@pytest.mark.parametrize(
    "address", ["/api/users/{}", "/api/tickets/{}", "/api/tokens/{}/events", "/api/messages/{}"]
)
def test_what_only_looks_like_an_id_is_no_address(address, dora, as_user):
    for value in ("1_0", "１", "+1", "1.0", " 1"):
        assert as_user(dora).get(address.format(value)).status_code == 404, value
