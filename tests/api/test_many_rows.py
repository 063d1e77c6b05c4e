"""What a list costs does not depend on how much there is, nor on how far in it one reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rest.cursors import KeysetPagination
from tests.api.every_call import every_call
from tests.many import START, Crowd, work_of_the_database
from tickets.models import Ticket
from tokens.models import AccessToken
from tokens.scopes import Scope

# The settings are a page of the program, not rows.
CALLS = [
    call
    for call in every_call()
    if call.method == "get" and call.path.endswith("/list") and call.family != "settings"
]
LISTS = [
    f"{call.path}?ordering={ordering if isinstance(ordering, str) else ordering[0]}"
    for call in CALLS
    for ordering in getattr(call.pattern.callback.cls, "orderings", ["-id"])
]
FEW, MANY = 100, 10_000


@dataclass(frozen=True)
class Cost:
    queries: int
    work: int


def read(client, address: str) -> Cost:
    """Return what a page of 50 costs."""
    with work_of_the_database() as work:
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address)
        cost = Cost(len(queries), work())
    assert response.status_code == 200, response.content
    assert len(response.json()) == 50, address
    return cost


def have_used(client) -> None:
    """Use a token for the first time, and keep what notes its use later out of the counts."""
    client.get("/api/user/profile")
    AccessToken.objects.update(last_used_at=timezone.now() + timedelta(hours=1))


def far_in(client, address: str, monkeypatch) -> str:
    """Return the address of a page behind 9,900 rows."""
    rows = MANY - FEW
    with monkeypatch.context() as patch:
        patch.setattr(KeysetPagination, "max_limit", rows)
        response = client.get(f"{address}&limit={rows}&fields=id")
    assert response.status_code == 200, response.content
    link = re.search(r'<([^>]*)>; rel="next"', response["Link"])[1]
    return link.replace(f"limit={rows}", "limit=50").replace("fields=id&", "")


def test_the_lists_are_found():
    assert len(CALLS) >= 6
    assert "/api/tickets/list?ordering=-priority" in LISTS


def test_a_page_costs_the_same_among_ten_thousand_rows_and_at_their_end(
    dora, carol, bearer, monkeypatch
):
    client = bearer(dora, scopes=list(Scope.values))
    have_used(client)
    crowd = Crowd(team=carol)
    crowd.grow(FEW)
    few = {address: read(client, address) for address in LISTS}

    crowd.grow(MANY)

    for address in LISTS:
        first, last = read(client, address), read(client, far_in(client, address, monkeypatch))
        assert first.queries == last.queries == few[address].queries <= 3, address
        # A scan of the table would read all of the rows.
        assert first.work < 3 * few[address].work + FEW, address
        # Here, all rows share each moment; SQLite looks at every one that shares it.
        if connection.vendor == "postgresql" or address.endswith("ordering=-id"):
            assert last.work < 2 * first.work + FEW, address


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_a_page_costs_as_few_queries_for_everybody(who, alice, carol, bearer, request):
    person = request.getfixturevalue(who)
    client = bearer(person)
    client.get("/api/user/profile")
    crowd = Crowd(team=carol)
    # A query for each row of a page shows among few rows as well.
    crowd.grow(3 * FEW)
    Ticket.objects.filter(pk__lte=START + FEW).update(requester=alice)

    for address in (call.path for call in CALLS):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address)
        if response.status_code == 403:
            continue
        assert response.status_code == 200, address
        assert len(queries) <= 3, address
