from __future__ import annotations

import re

import pytest

from tickets.models import Ticket

GOOD = {"title": "A call", "content": "They called.", "priority": "high"}


def test_an_agent_opens_a_ticket_for_a_customer(alice, carol, by_password):
    response = by_password(carol).post("/agent/tickets/new", {**GOOD, "requester": alice.pk})

    made = Ticket.objects.get()
    assert response.status_code == 303
    assert response["Location"] == f"/agent/tickets/{made.pk}"
    assert (made.requester, made.channel, made.priority) == (alice, "agent", "high")


def test_a_link_that_shows_no_people_opens_tickets_for_its_person_only(alice, carol, team, by_link):
    scopes = ["login:agent", "tickets:read", "tickets:write", "messages:read"]
    client = by_link(carol, scopes=scopes)

    for wanted in ({"requester": alice.pk}, {"requester": carol.pk, "workgroup": team.pk}):
        refused = client.post("/agent/tickets/new", {**GOOD, **wanted})
        assert (refused.status_code, b"users:read" in refused.content) == (403, True)
    assert not Ticket.objects.exists()
    client.post("/agent/tickets/new", {**GOOD, "requester": carol.pk})
    assert Ticket.objects.get().requester == carol


def test_a_link_that_shows_no_people_does_not_tell_who_is_there(alice, carol, team, by_link):
    client = by_link(carol, scopes=["login:agent", "tickets:read", "tickets:write"])
    wanted = [alice.pk, 999_999, "x"]

    for extra in ({}, {"title": ""}):
        answers = [
            client.post("/agent/tickets/new", {**GOOD, "requester": pk, **extra}) for pk in wanted
        ]
        assert {answer.status_code for answer in answers} == {403}
        assert not any(b"Alice" in answer.content for answer in answers)
    for pk in (team.pk, 999_999):
        form = {**GOOD, "requester": carol.pk, "workgroup": pk}
        assert client.post("/agent/tickets/new", form).status_code == 403


def test_htmx_is_led_to_the_new_ticket(alice, carol, by_password, part):
    response = by_password(carol).post(
        "/agent/tickets/new", {**GOOD, "requester": alice.pk}, headers=part("pane")
    )

    assert response["HX-Redirect"] == f"/agent/tickets/{Ticket.objects.get().pk}"


def test_a_form_that_is_sent_thrice_opens_one_ticket(alice, carol, by_password, part):
    client = by_password(carol)
    page = client.get("/agent/tickets/new").content.decode()
    key = re.search(r'name="form_key" value="([^"]+)"', page)[1]
    form = {**GOOD, "requester": alice.pk, "form_key": key}

    answers = [client.post("/agent/tickets/new", form, headers=part("pane")) for _ in range(3)]

    made = Ticket.objects.get()
    assert [a["HX-Redirect"] for a in answers] == [f"/agent/tickets/{made.pk}"] * 3
    # Other words under the same key are another ticket, which is asked for.
    asked = client.post("/agent/tickets/new", {**form, "title": "Another"})
    assert asked.status_code == 409
    assert Ticket.objects.count() == 1
    key = re.search(r'name="form_key" value="([^"]+)"', asked.content.decode())[1]
    client.post("/agent/tickets/new", {**form, "title": "Another", "form_key": key})
    assert Ticket.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"requester": ""}, "Choose the customer"),
        ({"requester": "999999"}, "Choose an active person"),
        ({"requester": "9" * 40}, "Choose an active person"),
        ({"title": ""}, "Give the ticket a title"),
        ({"content": ""}, "Say what the ticket is about"),
        ({"priority": "huge"}, "huge"),
        ({"content": "x" * 50_001}, "50000"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_kept(wrong, sentence, alice, carol, by_password):
    response = by_password(carol).post(
        "/agent/tickets/new",
        {**GOOD, "customer": "ali & co", "requester": alice.pk, "title": "Kept & safe", **wrong},
    )

    page = response.content.decode()
    assert response.status_code == 400
    assert sentence in page
    assert 'value="ali &amp; co"' in page
    assert "title" in wrong or "Kept &amp; safe" in page
    assert Ticket.objects.count() == 0


def test_customers_are_found_by_name_and_address(alice, bob, carol, by_password, part):
    client = by_password(carol)

    found = client.get("/agent/customers?customer=ali", headers=part()).content.decode()
    nobody = client.get("/agent/customers?customer=zzz", headers=part()).content.decode()

    assert f'value="{alice.pk}"' in found
    assert f'value="{bob.pk}"' not in found
    assert "Nobody is called" in nobody


def test_a_token_without_people_finds_nobody(alice, carol, by_link):
    client = by_link(carol, scopes=["login:agent", "tickets:write"])

    response = client.get("/agent/customers?customer=ali")

    assert response.status_code == 403
    assert "alice" not in response.content.decode()


def test_what_only_looks_like_an_id_is_nobody(alice, carol, by_password):
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in str(alice.pk))

    for lookalike in (full_width, f"0_{alice.pk}", f" {alice.pk}", f"+{alice.pk}"):
        sent = {**GOOD, "requester": lookalike}
        response = by_password(carol).post("/agent/tickets/new", sent)
        assert response.status_code == 400, lookalike
    assert not Ticket.objects.exists()
