"""The present value is never a change, also where nobody could set it any more."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from accounts.models import User
from messaging.models import Conversation
from tickets.models import Ticket, TicketTag
from tokens.models import AccessToken


def put_back(client, address: str, **changes):
    """Read an object and send it back whole with changes."""
    read = client.get(address)
    assert read.status_code == 200, read.content
    return client.put(address, {**read.json(), **changes})


def test_an_assignee_who_left_stays(ids, carol, dora, as_user):
    address = f"/api/tickets/{ids['tickets']}"
    Ticket.objects.get().assign(carol, by=Actor(dora))
    User.objects.filter(pk=carol.pk).update(is_active=False)

    response = put_back(as_user(dora), address, priority="urgent")

    assert response.status_code == 200, response.content
    assert (response.json()["priority"], response.json()["assignee"]) == ("urgent", carol.pk)
    ticket = Ticket.objects.get()
    ticket.assign(carol, by=Actor(dora))
    assert as_user(dora).post(f"{address}/assign", {"assignee": carol.pk}).status_code == 200
    ticket.assign(None, by=Actor(dora))
    assert as_user(dora).put(address, {"assignee": carol.pk}).status_code == 400


def test_a_chat_keeps_an_assignee_who_left(alice, carol, dora, as_user):
    chat = Conversation.objects.start(by=Actor(alice))
    chat.assign(carol, by=Actor(dora))
    chat.close(by=Actor(dora))
    User.objects.filter(pk=carol.pk).update(is_active=False)

    address = f"/api/conversations/{chat.pk}/assign"
    assert as_user(dora).post(address, {"assignee": carol.pk}).status_code == 200


@pytest.mark.parametrize(
    "columns",
    [
        {"title": "refund \u202e 05.1 rof"},
        {"title": ""},
        {"content": "\u200b"},
        {"tags": ["a;b", "Old", *map(str, range(30))]},
        {"language": "x" * 16},
    ],
    ids=str,
)
def test_a_ticket_of_before_is_edited(columns, ids, dora, as_user):
    Ticket.objects.update(**columns)

    response = put_back(as_user(dora), f"/api/tickets/{ids['tickets']}", priority="low")

    assert response.status_code == 200, response.content
    assert response.json()["priority"] == "low"
    Ticket.objects.get().edit(by=Actor(dora), priority="high", **columns)
    assert Ticket.objects.values_list("priority", *columns).get() == ("high", *columns.values())


@pytest.mark.parametrize(
    "columns",
    [
        {"username": "two words"},
        {"display_name": "Eve \u202e"},
        {"email": "nobody"},
        {"time_zone": "Mars/Olympus"},
        {"language": "tlh"},
    ],
    ids=str,
)
def test_a_person_of_before_is_edited(columns, carol, dora, as_user):
    User.objects.filter(pk=carol.pk).update(**columns)

    response = put_back(as_user(dora), f"/api/users/{carol.pk}", availability="BUSY")
    own = put_back(as_user(carol), "/api/user/profile", availability="AVAILABLE")

    assert response.status_code == own.status_code == 200, (response.content, own.content)
    (name, value), *_none = columns.items()
    assert (own.json()[name], own.json()["availability"]) == (value, "AVAILABLE")


def test_a_token_whose_person_left_is_described(issue, carol, dora, as_user):
    token, _secret = issue(carol, scopes=["tickets:read", "users:read"])
    User.objects.filter(pk=carol.pk).update(is_active=False, role=User.Role.CUSTOMER)
    AccessToken.objects.update(name="old \u202e name")
    address = f"/api/tokens/{token.pk}"

    response = put_back(as_user(dora), address, description="of somebody who left")

    assert response.status_code == 200, response.content
    refused = as_user(dora).put(address, {"scopes": ["users:read"]})
    assert refused.status_code == 400
    assert AccessToken.objects.get().description == "of somebody who left"


def test_what_only_looks_like_the_present_value_is_judged(ids, carol, dora, as_user):
    Ticket.objects.get().assign(carol, by=Actor(dora))
    for lookalike in (float(carol.pk), [carol.pk], {"id": carol.pk}):
        body = {"assignee": lookalike}
        assert as_user(dora).put(f"/api/tickets/{ids['tickets']}", body).status_code == 400


def test_tags_of_before_can_be_taken_away(ids, dora, as_user):
    ticket = Ticket.objects.get()
    Ticket.objects.update(tags=["a;b", "vip"])
    TicketTag.objects.bulk_create([TicketTag(ticket=ticket, name=name) for name in ("a;b", "vip")])

    response = as_user(dora).put(f"/api/tickets/{ticket.pk}", {"tags": ["vip"]})

    assert response.json()["tags"] == ["vip"]
    assert list(TicketTag.objects.values_list("name", flat=True)) == ["vip"]
