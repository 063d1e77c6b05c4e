from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.actor import Actor
from tests.tickets.calls import CREATE, LIST, ids, row_of
from tickets.models import Ticket


def test_title_content_and_priority_are_a_whole_ticket(dora, bearer):
    body = {"title": "New Ticket", "content": "It *broke*.", "priority": "medium"}
    response = bearer(dora).post(CREATE, body)

    assert response.status_code == 200
    answer = response.json()
    ticket = Ticket.objects.get()
    moment = ticket.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert answer == {
        "id": ticket.pk,
        "number": f"T-{100000 + ticket.pk}",
        "title": "New Ticket",
        "content": "It *broke*.",
        "priority": "medium",
        "status": "new",
        "close_reason": "",
        "requester": dora.pk,
        "requester_name": "Dora",
        "assignee": None,
        "assignee_name": None,
        "workgroup": None,
        "workgroup_name": None,
        "tags": [],
        "channel": "api",
        "language": "",
        "external_id": "",
        "external_source": "",
        "follow_up_of": None,
        "created_at": moment,
        "updated_at": moment,
        "status_changed_at": moment,
        "first_assigned_at": None,
        "first_response_at": None,
        "first_resolved_at": None,
        "resolved_at": None,
        "closed_at": None,
        "last_message_at": None,
        "waiting_since": moment,
        "reopen_count": 0,
        "reply_count": 0,
        "version": 1,
    }
    assert ticket.events.get().token_id == dora.access_tokens.get().pk


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic dXNlcjpwYXNz"}])
def test_a_ticket_that_the_team_opens_on_a_page_is_no_programs(header, carol, as_user):
    response = as_user(carol).post(CREATE, {"title": "By hand", "content": "x"}, headers=header)

    assert response.json()["channel"] == "agent"


def test_the_list_is_a_bare_array_of_the_same_objects(ticket, dora, bearer):
    client = bearer(dora)

    assert client.get(LIST).json() == [client.get(f"/api/tickets/{ticket.pk}").json()]


def test_put_takes_what_the_caller_sends_and_answers_the_object(ticket, dora, carol, bearer):
    response = bearer(dora).put(
        f"/api/tickets/{ticket.pk}", {"priority": "urgent", "assignee": carol.pk, "tags": ["VIP "]}
    )

    assert response.status_code == 200
    answer = response.json()
    assert (answer["priority"], answer["assignee_name"]) == ("urgent", "Carol")
    assert (answer["tags"], answer["status"], answer["version"]) == (["vip"], "open", 2)
    assert response["ETag"] == '"2"'


def test_the_whole_object_can_be_sent_back_and_nothing_changes(ticket, alice, dora, bearer):
    before = row_of(ticket)
    for user in (alice, dora):
        client = bearer(user)
        address = f"/api/tickets/{ticket.pk}"
        answer = client.put(address, client.get(address).json())
        assert answer.status_code == 200, answer.content

    assert row_of(ticket) == before
    assert ticket.events.count() == 1


def test_delete_answers_the_ticket_as_it_was_and_hides_it(ticket, dora, bearer):
    client = bearer(dora)
    before = client.get(f"/api/tickets/{ticket.pk}").json()
    response = client.delete(f"/api/tickets/{ticket.pk}")

    assert response.status_code == 200
    assert response.json() == before
    assert client.get(f"/api/tickets/{ticket.pk}").status_code == 404
    assert ids(client.get(LIST)) == []
    assert ids(client.get(LIST, {"deleted": "only"})) == [ticket.pk]
    assert row_of(ticket)["deleted_by_id"] == dora.pk


def test_administrators_restore(ticket, dora, carol, bearer):
    ticket.delete_softly(by=Actor(dora))

    refused = bearer(carol).post(f"/api/tickets/{ticket.pk}/restore")
    assert (refused.status_code, row_of(ticket)["deleted_by_id"]) == (403, dora.pk)
    response = bearer(dora).post(f"/api/tickets/{ticket.pk}/restore")

    assert response.status_code == 200
    assert row_of(ticket)["deleted_at"] is None


def test_times_are_utc_whatever_the_zone(ticket, dora, as_user):
    with timezone.override("Asia/Shanghai"):
        answer = as_user(dora).get(f"/api/tickets/{ticket.pk}").json()

    assert answer["created_at"].endswith("Z")
    assert answer["created_at"].startswith(f"{ticket.created_at:%Y-%m-%dT%H:%M}")
