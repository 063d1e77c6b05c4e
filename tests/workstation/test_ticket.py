from __future__ import annotations

import json
import re
from html import unescape

import pytest

from accounts.actor import Actor
from messaging.models import Message, Participant
from tickets.models import Ticket, TicketEvent

CHANGES = {
    "status": {"status": "resolved", "version": 1},
    "priority": {"priority": "urgent", "version": 1},
    "assignee": {"assignee": "", "version": 1},
    "tags": {"tags": "a, b", "version": 1},
    "claim": {},
    "reply": {"content": "Hello"},
}


def state(ticket: Ticket) -> tuple[object, ...]:
    fresh = Ticket.objects.values_list().get(pk=ticket.pk)
    return fresh, TicketEvent.objects.count(), Message.objects.count()


def test_a_thread_shows_content_messages_notes_and_events(ticket, alice, carol, say, by_password):
    say(ticket, alice, "It still **burns**")
    say(ticket, carol, "Is it insured?", internal=True)
    ticket.assign(carol, by=Actor(carol))

    page = by_password(carol).get(f"/agent/tickets/{ticket.pk}").content.decode()

    assert '<p dir="auto">It <strong>burns</strong>.</p>' in page
    assert "It still <strong>burns</strong>" in page
    assert "Internal note" in page
    assert "took the ticket" in page
    assert page.count("hx-disable") == 3


def test_a_ticket_without_history_says_so(ticket, carol, by_password):
    client, nothing = by_password(carol), "Nothing was changed since it was opened."

    assert nothing in client.get(f"/agent/tickets/{ticket.pk}").content.decode()
    ticket.assign(carol, by=Actor(carol))
    assert nothing not in client.get(f"/agent/tickets/{ticket.pk}").content.decode()


def test_a_reply_is_posted_and_shown(ticket, alice, carol, by_password, part):
    response = by_password(carol).post(
        f"/agent/tickets/{ticket.pk}/reply", {"content": "On **my** way"}, headers=part()
    )

    message = Message.objects.get()
    ticket.refresh_from_db()
    assert response.status_code == 200
    assert "On <strong>my</strong> way" in response.content.decode()
    assert json.loads(response["HX-Trigger"]) == {f"ticket-{ticket.pk}": {}}
    assert (message.author, message.internal, message.content) == (carol, False, "On **my** way")
    assert ticket.status == "open"


def test_a_note_stays_inside_the_team(ticket, alice, carol, by_password, as_user, part):
    by_password(carol).post(
        f"/agent/tickets/{ticket.pk}/reply",
        {"content": "He is difficult", "internal": "1"},
        headers=part(),
    )

    assert Message.objects.get().internal
    ticket.refresh_from_db()
    assert ticket.status == "new"
    seen = as_user(alice).get(f"/api/messages/list?ticket={ticket.pk}")
    assert "difficult" not in seen.content.decode()
    assert by_password(alice).get(f"/agent/tickets/{ticket.pk}").status_code == 403


@pytest.mark.parametrize("then", ["pending", "resolved"])
def test_an_answer_can_move_the_ticket(then, ticket, carol, by_password, part):
    by_password(carol).post(
        f"/agent/tickets/{ticket.pk}/reply", {"content": "Done", "then": then}, headers=part()
    )

    ticket.refresh_from_db()
    assert ticket.status == then
    assert Message.objects.count() == 1


def test_an_answer_that_cannot_move_the_ticket_is_not_sent(ticket, carol, by_password, part):
    ticket.close(by=Actor(carol))
    before = state(ticket)

    response = by_password(carol).post(
        f"/agent/tickets/{ticket.pk}/reply", {"content": "Done", "then": "pending"}, headers=part()
    )

    assert response.status_code == 409
    assert "cannot become" in response.content.decode()
    assert state(ticket) == before


def test_the_same_answer_sent_twice_stands_once(ticket, carol, by_password, part):
    client = by_password(carol)
    sent = {"content": "Done", "then": "resolved", "client_id": "c1"}

    answers = [
        client.post(f"/agent/tickets/{ticket.pk}/reply", sent, headers=part()) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert Message.objects.count() == 1


def test_who_answers_what_a_colleague_answered_is_told_and_can_insist(
    ticket, carol, carlos, say, by_password, part
):
    client = by_password(carol)
    say(ticket, carlos, "I have it already")
    sent = {"content": "Done", "seen_seq": "0"}

    refused = client.post(f"/agent/tickets/{ticket.pk}/reply", sent, headers=part())

    page = refused.content.decode()
    assert refused.status_code == 409
    assert "I have it already" in page
    assert "Send anyway" in page
    assert Message.objects.count() == 1
    forced = client.post(
        f"/agent/tickets/{ticket.pk}/reply", {**sent, "force": "1"}, headers=part()
    )
    assert forced.status_code == 200
    assert Message.objects.count() == 2


@pytest.mark.parametrize("content", ["", "   ", "x\x00y", "x" * 50_001])
def test_what_cannot_be_said_is_refused_in_place(content, ticket, carol, by_password, part):
    before = state(ticket)

    response = by_password(carol).post(
        f"/agent/tickets/{ticket.pk}/reply", {"content": content}, headers=part()
    )

    assert response.status_code == 400
    assert 'class="alert"' in response.content.decode()
    assert state(ticket) == before


def test_a_form_without_script_keeps_what_was_typed(ticket, carol, by_password):
    response = by_password(carol).post(
        f"/agent/tickets/{ticket.pk}/reply", {"content": "Kept", "then": "nonsense"}
    )

    page = response.content.decode()
    assert response.status_code == 400
    assert page.lstrip().startswith("<!doctype html>")
    assert re.search(r"<textarea[^>]*>Kept</textarea>", page)


def test_a_form_without_script_leads_back_to_the_ticket(ticket, carol, by_password):
    response = by_password(carol).post(f"/agent/tickets/{ticket.pk}/reply", {"content": "Hello"})

    assert response.status_code == 303
    assert response["Location"] == f"/agent/tickets/{ticket.pk}"


def test_status_priority_assignee_tags_and_workgroup_change(
    ticket, carol, carlos, foreign_ticket, by_password, part
):
    client = by_password(carlos)

    for change, sent in (
        ("assignee", {"assignee": carlos.pk}),
        ("priority", {"priority": "urgent"}),
        ("tags", {"tags": "Fire, printer，hot、退款; VIP"}),
        ("workgroup", {"workgroup": foreign_ticket.workgroup_id}),
        ("status", {"status": "pending"}),
    ):
        ticket.refresh_from_db()
        response = client.post(
            f"/agent/tickets/{ticket.pk}/{change}",
            {**sent, "version": ticket.version},
            headers=part(),
        )
        assert response.status_code == 200, response.content.decode()

    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.priority, ticket.status) == (carlos, "urgent", "pending")
    assert ticket.tags == ["fire", "hot", "printer", "vip", "退款"]
    assert ticket.workgroup == foreign_ticket.workgroup


def test_only_allowed_moves_are_offered(ticket, carol, by_password):
    ticket.move_to("on_hold", by=Actor(carol))

    page = by_password(carol).get(f"/agent/tickets/{ticket.pk}").content.decode()

    menu = re.search(r"<select[^>]*data-status.*?</select>", page, re.DOTALL).group()
    assert set(re.findall(r'value="(\w+)"', menu)) == {"on_hold", "open", "resolved", "closed"}


def test_a_forbidden_move_is_refused_in_place(ticket, carol, by_password, part):
    before = state(ticket)

    response = by_password(carol).post(
        f"/agent/tickets/{ticket.pk}/status", {"status": "new", "version": 1}, headers=part()
    )

    assert response.status_code == 409
    assert "cannot become" in response.content.decode()
    assert state(ticket) == before


def test_the_second_of_two_agents_is_told_and_sees_what_stands(
    ticket, carol, carlos, team, by_password, part
):
    ticket.edit(workgroup=team, by=Actor.system())
    ticket.assign(carlos, by=Actor(carlos))
    before = state(ticket)

    response = by_password(carol).post(
        f"/agent/tickets/{ticket.pk}/assignee",
        {"assignee": carol.pk, "version": 2},
        headers=part(),
    )

    page = response.content.decode()
    assert response.status_code == 412
    assert "Somebody changed this ticket" in page
    assert f'value="{carlos.pk}" selected' in page
    assert state(ticket) == before


def test_giving_a_ticket_out_of_sight_leaves_it(ticket, carol, foreign_ticket, by_password, part):
    response = by_password(carol).post(
        f"/agent/tickets/{ticket.pk}/workgroup",
        {"workgroup": foreign_ticket.workgroup_id, "version": 1},
        headers=part(),
    )

    assert response.status_code == 200
    assert response["HX-Redirect"] == "/agent/tickets"


@pytest.mark.parametrize("change", [*CHANGES, "read"])
def test_a_ticket_of_another_workgroup_is_not_there(
    change, foreign_ticket, carol, by_password, part
):
    client = by_password(carol)
    before = state(foreign_ticket)
    sent = CHANGES.get(change, {"seq": "1"})

    for headers in ({}, part()):
        path = f"/agent/tickets/{foreign_ticket.pk}"
        assert client.get(path, headers=headers).status_code == 404
        response = client.post(f"{path}/{change}", sent, headers=headers)
        assert response.status_code == 404
        assert "A secret offer" not in response.content.decode()
    assert state(foreign_ticket) == before


def test_a_link_that_shows_no_people_shows_no_address_of_theirs(ticket, alice, carol, by_link):
    alice.email = "alice@home.example"
    alice.save()
    scopes = ["login:agent", "tickets:read", "messages:read"]

    for more, is_shown in (([], False), (["users:read"], True)):
        page = by_link(carol, scopes=[*scopes, *more]).get(f"/agent/tickets/{ticket.pk}")
        assert page.status_code == 200
        assert ("alice@home.example" in page.content.decode()) is is_shown


@pytest.mark.parametrize("change", CHANGES)
def test_a_weak_token_changes_nothing_and_says_what_it_lacks(change, ticket, carol, by_link, part):
    client = by_link(carol, scopes=["login:agent", "tickets:read", "messages:read", "users:read"])
    before = state(ticket)

    response = client.post(f"/agent/tickets/{ticket.pk}/{change}", CHANGES[change], headers=part())

    scope = "messages:write" if change == "reply" else "tickets:write"
    assert response.status_code == 403
    assert scope in response.content.decode()
    assert state(ticket) == before


def test_a_token_that_may_only_talk_moves_nothing(ticket, carol, by_link, part):
    client = by_link(carol, scopes=["login:agent", "tickets:read", "messages:write"])
    before = state(ticket)

    refused = client.post(
        f"/agent/tickets/{ticket.pk}/reply",
        {"content": "Done", "then": "resolved"},
        headers=part(),
    )

    assert refused.status_code == 403
    assert state(ticket) == before
    sent = client.post(f"/agent/tickets/{ticket.pk}/reply", {"content": "Done"}, headers=part())
    assert sent.status_code == 200


def test_a_weak_token_is_shown_no_forms(ticket, carol, by_link):
    client = by_link(carol, scopes=["login:agent", "tickets:read", "messages:read"])

    page = client.get(f"/agent/tickets/{ticket.pk}").content.decode()

    assert f"/agent/tickets/{ticket.pk}/" not in page.replace(f"{ticket.pk}/row", "")
    assert "lets you read, not write" in page
    assert client.get("/agent/tickets/new").status_code == 403


@pytest.mark.parametrize("change", CHANGES)
def test_customers_and_strangers_change_nothing(change, ticket, alice, client, by_password):
    before = state(ticket)

    path = f"/agent/tickets/{ticket.pk}/{change}"
    assert by_password(alice).post(path, CHANGES[change]).status_code == 403
    assert client.post(path, CHANGES[change]).status_code == 302

    assert state(ticket) == before


def test_what_changes_needs_a_form_of_our_own(ticket, carol, by_password):
    client = by_password(carol)
    client.handler.enforce_csrf_checks = True
    before = state(ticket)

    assert client.post(f"/agent/tickets/{ticket.pk}/claim").status_code == 403
    assert client.get(f"/agent/tickets/{ticket.pk}/claim").status_code == 405

    assert state(ticket) == before


def test_reading_marks_read_for_that_person_only(ticket, alice, carol, carlos, say, by_password):
    say(ticket, alice, "One")
    say(ticket, alice, "Two")

    response = by_password(carol).post(f"/agent/tickets/{ticket.pk}/read", {"seq": "1"})

    assert response.status_code == 204
    assert Participant.objects.get(user=carol).read_seq == 1
    assert not Participant.objects.filter(user=carlos).exists()


@pytest.mark.parametrize("number", ["0", "999999999999999999", "9" * 40, "x", "-1"])
def test_numbers_of_no_ticket_are_not_found(number, carol, by_password):
    assert by_password(carol).get(f"/agent/tickets/{number}").status_code == 404


def test_an_ended_token_reloads_the_page_that_says_why(ticket, carol, issue, client, part):
    row, secret = issue(carol)
    client.get("/agent/auth/login", {"accessToken": secret})
    row.disable(by=Actor.system())
    # As in a browser: the secret of the form went with the session, and that is not the cause.
    client.handler.enforce_csrf_checks = True

    response = client.post(
        f"/agent/tickets/{ticket.pk}/reply", {"content": "Too late"}, headers=part()
    )

    assert response.status_code == 401
    assert response["HX-Refresh"] == "true"
    assert Message.objects.count() == 0
    again = client.get(f"/agent/tickets/{ticket.pk}")
    assert "The token was disabled" in again.content.decode()


@pytest.mark.parametrize("messages", [1, 40])
def test_a_thread_costs_a_fixed_number_of_queries(
    messages,
    ticket,
    team,
    alice,
    carol,
    carlos,
    say,
    open_ticket,
    by_link,
    django_assert_num_queries,
):
    for number in range(messages):
        say(ticket, (alice, carol, carlos)[number % 3], f"Message {number}")
        open_ticket(alice, title=f"Another {number}")
    ticket.edit(workgroup=team, by=Actor.system())
    ticket.assign(carlos, by=Actor(carol))
    say(ticket, alice, "Still there?")
    client = by_link(carol)
    client.get(f"/agent/tickets/{ticket.pk}")
    headers = {"HX-Request": "true", "HX-Target": "pane"}

    # Session and token 2, ticket, conversation, messages, events, names of people and of
    # workgroups, team, workgroups, others.
    with django_assert_num_queries(11):
        client.get(f"/agent/tickets/{ticket.pk}", headers=headers)


def test_a_long_thread_begins_with_its_end_and_goes_on_part_by_part(
    ticket, alice, say, carol, by_password
):
    for number in range(70):
        say(ticket, alice, f"Message-{number}.")
    client = by_password(carol)

    short = client.get(f"/agent/tickets/{ticket.pk}").content.decode()
    address = unescape(re.search('id="earlier-link" href="([^"]*)"', short)[1])
    earlier = client.get(address, headers={"HX-Request": "true", "HX-Target": "earlier"})
    earlier = earlier.content.decode()

    assert re.findall(r"Message-(\d+)\.", short) == [str(n) for n in range(10, 70)]
    assert "It <strong>burns" not in short
    assert re.findall(r"Message-(\d+)\.", earlier) == [str(n) for n in range(10)]
    assert "It <strong>burns" in earlier
    assert "Show earlier entries" not in earlier
    assert '<article class="thread' not in earlier


def test_pages_obey_their_own_policy(ticket, carol, by_password):
    for path in ("/agent/tickets?tab=all", f"/agent/tickets/{ticket.pk}", "/agent/tickets/new"):
        response = by_password(carol).get(path)
        page = response.content.decode()
        assert "unsafe" not in response["Content-Security-Policy"]
        assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on|javascript:", page)
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)
        assert response["Cache-Control"] == "no-store"


def test_a_link_that_shows_no_people_shows_no_workgroups_either(
    ticket, team, carol, by_link, by_password
):
    page = f"/agent/tickets/{ticket.pk}"
    client = by_link(carol, scopes=["login:agent", "tickets:write", "messages:read"])

    shown = by_password(carol).get(page).content.decode()
    assert f'<option dir="auto" value="{team.pk}">Support' in shown
    assert b"Support" not in client.get(page).content
    answers = [
        client.post(f"{page}/workgroup", {"version": 1, "workgroup": pk}).status_code
        for pk in (team.pk, 999_999)
    ]
    ticket.refresh_from_db()
    assert answers == [403, 403]
    assert (ticket.workgroup, ticket.version) == (None, 1)
