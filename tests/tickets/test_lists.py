from __future__ import annotations

import pytest

from accounts.actor import Actor
from tests.tickets.calls import LIST, ids
from tickets.models import Ticket


@pytest.fixture
def shelf(open_ticket, sales, alice, bob, carol, carlos, dora) -> dict[str, Ticket]:
    dora_by = Actor(dora)
    tickets = {
        "low": open_ticket(alice, priority="low", title="Quiet printer"),
        "urgent": open_ticket(bob, by=dora_by, priority="urgent", assignee=carol, tags=["a", "b"]),
        "sales": open_ticket(bob, by=dora_by, workgroup=sales, tags=["b"], channel="email"),
        "done": open_ticket(
            alice, by=dora_by, priority="high", assignee=carlos, content="完全退款"
        ),
    }
    tickets["done"].resolve(by=dora_by)
    return tickets


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["done", "sales", "urgent", "low"]),
        ("ordering=id", ["low", "urgent", "sales", "done"]),
        ("ordering=-priority", ["urgent", "done", "sales", "low"]),
        ("ordering=priority", ["low", "sales", "done", "urgent"]),
        ("ordering=waiting_since", ["low", "urgent", "sales", "done"]),
        ("ordering=-updated_at", ["done", "sales", "urgent", "low"]),
        ("status=new", ["sales", "low"]),
        ("status=open,resolved", ["done", "urgent"]),
        ("priority=low,urgent", ["urgent", "low"]),
        ("assignee=none", ["sales", "low"]),
        ("assignee={carol}", ["urgent"]),
        ("assignee={carol},none", ["sales", "urgent", "low"]),
        ("assignee=me", []),
        ("requester={alice}", ["done", "low"]),
        ("workgroup={sales}", ["sales"]),
        ("workgroup=none", ["done", "urgent", "low"]),
        ("tag=a", ["urgent"]),
        ("tag=A,b", ["sales", "urgent"]),
        ("tag=c", []),
        ("channel=email", ["sales"]),
        ("created_before=2020-01-01T00:00:00Z", []),
        ("created_after=2020-01-01T00:00:00Z&limit=1", ["done"]),
        ("search=quiet", ["low"]),
        ("search=退款", ["done"]),
        ("search={number}", ["urgent"]),
        ("search=nothing", []),
        ("deleted=only", []),
    ],
)
def test_lists_are_narrowed_and_ordered(query, names, shelf, sales, alice, carol, dora, as_user):
    number = shelf["urgent"].number.lower()
    query = query.format(alice=alice.pk, carol=carol.pk, sales=sales.pk, number=number)

    assert ids(as_user(dora).get(f"{LIST}?{query}")) == [shelf[name].pk for name in names]


@pytest.mark.parametrize(
    "query",
    ["assignee=you", "status=solved", "colour=red", "ordering=title", "deleted=yes",
     "requester=99999999999999999999999", "created_after=yesterday",
     "created_after=0001-01-01T00:00:00%2B14:00", "updated_before=9999-12-31T23:59:59-14:00",
     f"search={'a' * 201}"],
)  # fmt: skip
def test_a_list_never_guesses(query, dora, as_user):
    response = as_user(dora).get(f"{LIST}?{query}")

    assert response.status_code == 400


@pytest.mark.parametrize("ordering", ["-id", "-priority", "updated_at", "waiting_since"])
def test_pages_show_each_ticket_once(ordering, open_ticket, alice, dora, as_user):
    for priority in ("low", "high", "low", "urgent", "high"):
        open_ticket(alice, priority=priority)
    client, seen = as_user(dora), []
    address = f"{LIST}?limit=2&ordering={ordering}"

    while address:
        response = client.get(address)
        seen += ids(response)
        links = response.get("Link", "")
        address = links.partition('>; rel="next"')[0].rpartition("<")[2] if "next" in links else ""

    assert sorted(seen) == sorted(Ticket.objects.values_list("pk", flat=True))
    assert len(seen) == 5


@pytest.mark.parametrize("rows", [5, 50])
@pytest.mark.parametrize("person", ["alice", "carol", "dora"])
def test_a_list_costs_two_queries_however_long(
    rows, person, open_ticket, sales, alice, carol, bearer, request, django_assert_num_queries
):
    user = request.getfixturevalue(person)
    by = Actor(carol)
    for _ in range(rows):
        open_ticket(alice, by=by, workgroup=sales, assignee=carol, tags=["a", "b"])
    client = bearer(user)
    client.get(LIST)

    with django_assert_num_queries(2):
        assert len(ids(client.get(LIST))) == rows


def test_the_history_tells_who_did_what(ticket, carol, bearer, django_assert_num_queries):
    client = bearer(carol)
    client.put(f"/api/tickets/{ticket.pk}", {"priority": "high", "title": "X"})
    ticket.refresh_from_db()
    with django_assert_num_queries(3):
        events = client.get(f"/api/tickets/{ticket.pk}/events").json()

    assert [(event["verb"], event["field"], event["old"], event["new"]) for event in events] == [
        ("created", "status", "", "new"),
        ("edited", "title", "", ""),
        ("priority", "priority", "medium", "high"),
    ]
    assert {event["actor_name"] for event in events[1:]} == {"Carol"}
    assert all(event["token"] for event in events[1:])
