"""Filters that take several values: with commas, repeated, in brackets; and one with a comma."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from accounts.models import User, Workgroup
from tickets.models import Ticket


def numbers(client, address: str) -> list[int]:
    response = client.get(address)
    assert response.status_code == 200, response.content
    return sorted(row["id"] for row in response.json())


@pytest.fixture
def three(alice, carol) -> list[int]:
    """Return a new, an open and a pending ticket."""
    return [
        Ticket.objects.open_for(
            by=Actor(carol), requester=alice, title="T", content="C", status=status,
            external_source="shop", external_id=external_id, tags=[status],
        ).pk
        for status, external_id in (("new", "INV,7"), ("open", "INV"), ("pending", "7"))
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        "status=new,open",
        "status=new&status=open",
        "status[]=new&status[]=open",
        "status%5B%5D=new&status%5B%5D=open",
        "status=new&status[]=open",
        "tag=new&tag=open",
        "tag[]=new&tag[]=open",
        "external_id[]=INV,7&external_id[]=INV",
        "priority=low&priority=medium&status=open&status=new",
    ],
)
def test_repeats_mean_or(query, three, carol, as_user):
    assert numbers(as_user(carol), f"/api/tickets/list?{query}") == three[:2]


def test_a_value_with_a_comma_is_found_in_brackets(three, carol, dora, as_user):
    client = as_user(carol)
    sales = Workgroup.objects.create(name="Sales, EMEA")
    other = Workgroup.objects.create(name="Sales")

    assert numbers(client, "/api/tickets/list?external_id[]=INV,7") == three[:1]
    assert numbers(client, "/api/tickets/list?external_id=INV,7") == three[1:]
    assert numbers(client, "/api/workgroups/list?name[]=Sales,%20EMEA") == [sales.pk]
    assert numbers(client, "/api/workgroups/list?name=Sales") == [other.pk]


def test_people_are_filtered_by_several_ids_and_words(three, alice, carol, as_user):
    client = as_user(carol)
    Ticket.objects.filter(pk=three[0]).update(assignee=carol)

    assert numbers(client, "/api/tickets/list?assignee=me") == three[:1]
    assert numbers(client, "/api/tickets/list?assignee=me&assignee[]=none") == three
    query = f"username={alice.username}&username={carol.username.upper()}"
    assert numbers(client, f"/api/users/list?{query}") == [alice.pk, carol.pk]


@pytest.mark.parametrize(
    "query",
    [
        "search=a&search=b",
        "limit=1&limit=2",
        "ordering=id&ordering=-id",
        "created_after=2026-01-01T00:00:00Z&created_after=2026-01-02T00:00:00Z",
        "deleted=only&deleted=only",
        "fields=id&fields=title",
    ],
)
def test_what_takes_one_value_is_given_once(query, carol, as_user):
    response = as_user(carol).get(f"/api/tickets/list?{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "doubled-parameter"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit[]=1", "unknown-parameter"),
        ("search[]=a", "unknown-parameter"),
        ("status[]=", "blank"),
        ("status=new&status=", "blank"),
        ("status[]=new,open", "invalid-choice"),
        ("state[]=new", "unknown-parameter"),
    ],
)
def test_brackets_hide_no_error(query, code, carol, as_user):
    response = as_user(carol).get(f"/api/tickets/list?{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == code


def test_customers_have_no_filters_of_the_team_in_brackets_either(alice, as_user):
    assert as_user(alice).get("/api/tickets/list?tag[]=vip").status_code == 400


@pytest.mark.parametrize("query", ["priority=low&priority=high", "priority[]=low&priority[]=high"])
def test_figures_take_repeats_too(query, alice, carol, as_user):
    for priority in ("low", "high", "urgent"):
        Ticket.objects.open_for(
            by=Actor(carol), requester=alice, title="T", content="C", priority=priority
        )

    response = as_user(carol).get(f"/api/statistics/overview?{query}")

    assert response.json()["figures"]["tickets_created"] == 2
    assert User.objects.count() == 2
