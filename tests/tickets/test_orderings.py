"""Orderings by a column that not every ticket has a value in."""

from __future__ import annotations

import re

import pytest

from tests.tickets.calls import LIST
from tickets.models import Ticket


@pytest.fixture
def seven(open_ticket, alice) -> list[int]:
    """Return tickets, of which every second waits for nobody, in the order of ids."""
    tickets = [open_ticket(alice) for _ in range(7)]
    Ticket.objects.filter(pk__in=[row.pk for row in tickets[::2]]).update(waiting_since=None)
    return [row.pk for row in tickets]


def walk(client, address: str, rel: str) -> list[list[int]]:
    pages = []
    while address:
        response = client.get(address)
        assert response.status_code == 200, response.content
        pages.append([row["id"] for row in response.json()])
        links = response.headers.get("Link", "")
        found = re.search(rf'<([^>]*)>; rel="{rel}"', links)
        last, address = response, found and found[1].removeprefix("http://testserver")
    walk.last = last
    return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 50])
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_ticket_is_listed_and_those_without_a_value_come_last(
    sign, limit, seven, carol, as_user
):
    waiting, others = seven[1::2], seven[::2]
    client = as_user(carol)
    address = f"{LIST}?ordering={sign}waiting_since&limit={limit}&with_count=true&fields=id"

    pages = walk(client, address, "next")

    in_order = waiting[::-1] + others[::-1] if sign else waiting + others
    assert [pk for page in pages for pk in page] == in_order
    assert walk.last["X-Total-Count"] == "7"
    back = walk(client, walk.last.wsgi_request.get_full_path(), "prev")
    assert [pk for page in back[::-1] for pk in page] == in_order


def test_a_page_costs_two_queries_at_most(
    seven, carol, as_user, django_assert_max_num_queries, django_assert_num_queries
):
    client = as_user(carol)
    client.get(LIST)

    with django_assert_num_queries(3):  # the session and the person, and the list
        client.get(f"{LIST}?ordering=waiting_since&limit=2")
    with django_assert_num_queries(4):
        client.get(f"{LIST}?ordering=waiting_since&limit=5")
