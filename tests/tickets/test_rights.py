from __future__ import annotations

import pytest

from accounts.actor import Actor
from tests.tickets.calls import CREATE, LIST, ids, row_of
from tickets.models import Follower, Ticket


def test_each_person_sees_their_own_part(
    open_ticket, sales, alice, bob, carol, carlos, dora, bearer
):
    free = open_ticket(alice)
    in_sales = open_ticket(bob, by=Actor(dora), workgroup=sales)
    carols = open_ticket(alice, by=Actor(dora), workgroup=sales, assignee=carol)
    carlos_alone = open_ticket(bob, by=Actor(dora), assignee=carlos)
    followed = open_ticket(bob, by=Actor(dora), assignee=dora)
    Follower.objects.create(ticket=followed, user=carol)

    everything = [free, in_sales, carols, carlos_alone, followed]
    for user, seen in [
        (alice, [free, carols]),
        (bob, [in_sales, carlos_alone, followed]),
        (carol, [free, carols, followed]),
        (carlos, [free, in_sales, carols, carlos_alone]),
        (dora, everything),
    ]:
        client = bearer(user)
        assert sorted(ids(client.get(LIST))) == [ticket.pk for ticket in seen], user
        for ticket in everything:
            status = client.get(f"/api/tickets/{ticket.pk}").status_code
            assert status == (200 if ticket in seen else 404)


def test_nobody_gets_nothing(ticket, client):
    for call in (client.get(LIST), client.get(f"/api/tickets/{ticket.pk}")):
        assert call.status_code == 401


WRITES = [
    ("put", "", {"title": "Mine"}),
    ("patch", "", {"status": "open"}),
    ("delete", "", None),
    *[("post", verb, None) for verb in ("resolve", "reopen", "hold", "close", "claim", "restore")],
    ("post", "assign", {"assignee": None}),
]


@pytest.mark.parametrize(("method", "verb", "body"), WRITES)
def test_a_stranger_finds_nothing_and_changes_nothing(method, verb, body, ticket, bob, bearer):
    before = row_of(ticket)
    address = f"/api/tickets/{ticket.pk}/{verb}".rstrip("/")

    response = getattr(bearer(bob), method)(address, body)

    assert response.status_code == 404
    assert row_of(ticket) == before


@pytest.mark.parametrize(("method", "verb", "body"), WRITES)
def test_without_a_token_nothing_changes(method, verb, body, ticket, client):
    before = row_of(ticket)
    address = f"/api/tickets/{ticket.pk}/{verb}".rstrip("/")

    response = getattr(client, method)(address, body, content_type="application/json")

    assert response.status_code == 401
    assert row_of(ticket) == before


@pytest.mark.parametrize(("method", "verb", "body"), WRITES)
def test_a_token_that_only_reads_changes_nothing(method, verb, body, ticket, dora, bearer):
    before = row_of(ticket)
    address = f"/api/tickets/{ticket.pk}/{verb}".rstrip("/")

    response = getattr(bearer(dora, scopes=["tickets:read"]), method)(address, body)

    assert response.status_code == 403
    assert row_of(ticket) == before


@pytest.mark.parametrize(
    ("method", "verb", "body", "status"),
    [
        ("delete", "", None, 403),
        ("post", "resolve", None, 403),
        ("post", "reopen", None, 403),
        ("post", "hold", None, 403),
        ("post", "close", None, 403),
        ("post", "claim", None, 403),
        ("post", "assign", {"assignee": None}, 403),
        ("put", "", {"status": "closed"}, 403),
        ("put", "", {"assignee": 1, "tags": ["x"], "requester": 1, "workgroup": 1}, 200),
        ("put", "", {"external_id": "1", "external_source": "crm", "close_reason": "spam"}, 200),
    ],
)
def test_an_owner_changes_nothing_that_is_the_teams(
    method, verb, body, status, ticket, alice, bearer
):
    before = row_of(ticket)
    address = f"/api/tickets/{ticket.pk}/{verb}".rstrip("/")

    response = getattr(bearer(alice), method)(address, body)

    assert response.status_code == status
    assert row_of(ticket) == before


def test_an_owner_writes_what_is_theirs(ticket, alice, bearer):
    response = bearer(alice).put(
        f"/api/tickets/{ticket.pk}", {"title": "Worse", "content": "Ash.", "priority": "high"}
    )

    assert response.status_code == 200
    ticket.refresh_from_db()
    assert (ticket.title, ticket.content, ticket.priority) == ("Worse", "Ash.", "high")


def test_customers_do_not_see_how_the_team_sorts_its_work(open_ticket, sales, alice, dora, bearer):
    ticket = open_ticket(
        alice,
        by=Actor(dora),
        workgroup=sales,
        tags=["difficult"],
        external_id="7",
        external_source="crm",
    )
    answer = bearer(alice).get(f"/api/tickets/{ticket.pk}").json()
    events = bearer(alice).get(f"/api/tickets/{ticket.pk}/events").json()

    withheld = ["workgroup", "workgroup_name", "tags", "external_id", "external_source"]
    assert [answer[name] for name in withheld] == [None, None, [], "", ""]
    assert [(event["verb"], event["token"]) for event in events] == [("created", None)]
    # Nor do they find out by asking.
    for query in (f"workgroup={sales.pk}", "tag=difficult", "external_id=7", "external_source=crm"):
        for path in (LIST, "/api/conversations/list") if "workgroup" in query else (LIST,):
            assert bearer(alice).get(f"{path}?{query}").status_code == 400
            assert bearer(dora).get(f"{path}?{query}").status_code == 200


def test_customers_open_tickets_for_themselves_alone(alice, bob, carol, sales, bearer):
    response = bearer(alice).post(
        CREATE,
        {
            "title": "Help",
            "content": "Please",
            "requester": bob.pk,
            "assignee": carol.pk,
            "workgroup": sales.pk,
            "tags": ["vip"],
        },
    )

    assert response.status_code == 200
    ticket = Ticket.objects.get()
    assert (ticket.requester, ticket.assignee, ticket.workgroup) == (alice, None, None)
    assert ticket.tags == []


def test_agents_open_tickets_for_customers(alice, carol, sales, bearer):
    response = bearer(carol).post(
        CREATE,
        {
            "title": "Call back",
            "content": "Alice rang.",
            "requester": alice.pk,
            "assignee": carol.pk,
            "workgroup": sales.pk,
            "tags": ["phone"],
            "status": "pending",
            "external_id": "c-1",
            "external_source": "crm",
        },
    )

    assert response.status_code == 200
    answer = response.json()
    assert (answer["requester_name"], answer["assignee_name"]) == ("Alice", "Carol")
    assert (answer["workgroup_name"], answer["status"]) == ("Sales", "pending")


def test_a_switch_shows_every_ticket_to_every_agent(open_ticket, alice, carol, carlos, as_user):
    from configuration import values

    ticket = open_ticket(alice, by=Actor(carlos), assignee=carlos)
    assert ids(as_user(carol).get(LIST)) == []
    values.suppose({"all_agents_see_all_tickets": True})
    seen = ids(as_user(carol).get(LIST))
    values.forget()

    assert seen == [ticket.pk]
