from __future__ import annotations

import pytest

from accounts.models import User
from tests.tickets.calls import CREATE, LIST, ids
from tickets.models import Ticket


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"title": ["x"]}, "title"),
        ({"content": ""}, "content"),
        ({"content": "x" * 50_001}, "content"),
        ({"priority": "highest"}, "priority"),
        ({"priority": 3}, "priority"),
        ({"requester": 999_999}, "requester"),
        ({"requester": 2**70}, "requester"),
        ({"requester": None}, "requester"),
        ({"assignee": True}, "assignee"),
        ({"assignee": "seven"}, "assignee"),
        ({"tags": "vip"}, "tags"),
        ({"tags": ["a,b"]}, "tags"),
        ({"tags": [" "]}, "tags"),
        ({"tags": ["x" * 51]}, "tags"),
        ({"tags": [str(number) for number in range(21)]}, "tags"),
        ({"status": "solved"}, "status"),
        ({"subject": "x"}, "subject"),
    ],
)
def test_bad_input_is_named_and_writes_nothing(change, field, carol, as_user):
    response = as_user(carol).post(CREATE, {"title": "T", "content": "C", **change})

    assert response.status_code == 400
    fields = {error["field"].partition(".")[0] for error in response.json()["errors"]}
    assert fields == {field}
    assert not Ticket.objects.exists()


def test_a_customer_is_not_given_tickets(alice, bob, carol, as_user):
    body = {"title": "T", "content": "C", "assignee": bob.pk}
    response = as_user(carol).post(CREATE, body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "not-in-team"
    assert not Ticket.objects.exists()


def test_an_external_id_belongs_to_one_ticket(open_ticket, carol, as_user):
    crm = {"external_source": "crm", "external_id": "7"}
    first = open_ticket(carol, **crm)
    other = open_ticket(carol)
    client = as_user(carol)

    for refused in (
        client.post(CREATE, {"title": "T", "content": "C", **crm}),
        client.put(f"/api/tickets/{other.pk}", crm),
    ):
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["field"] == "external_id"
    assert ids(client.get(LIST, crm)) == [first.pk]
    assert Ticket.objects.count() == 2


def test_the_configured_priority_is_the_default(carol, as_user, monkeypatch):
    from configuration import values

    values.suppose({"default_priority": "high"})
    response = as_user(carol).post(CREATE, {"title": "T", "content": "C"})
    values.forget()

    assert response.json()["priority"] == "high"


def test_an_inactive_person_is_no_requester(alice, carol, as_user):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    response = as_user(carol).post(CREATE, {"title": "T", "content": "C", "requester": alice.pk})

    assert response.status_code == 400
    assert not Ticket.objects.exists()
