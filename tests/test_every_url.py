"""Every address as nobody, customer, agent, administrator and weak token.

The API and the admin have walks of their own that look closer (tests/api, tests/admin); this one
takes whatever the URL configuration holds, so that a new address is tried before anybody thinks
of it. What it opens to whom is written down here, and nothing else may be open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import User, Workgroup
from messaging.models import Conversation
from tests.addresses import addresses, standing
from tests.api.test_hostile_input import snapshot
from tickets.models import Ticket

METHODS = ("GET", "POST", "PUT")
ADDRESSES = addresses()
PAGES = [address for address in ADDRESSES if not address.startswith("/api")]
# What answers without anybody's credential: to GET, and to POST without anything in it.
OPEN = {
    "/": (302, 302),
    "/api/docs": (200, 405),
    "/api/schema": (200, 405),
    "/api": (404, 404),
    "/api/": (404, 404),
    "/admin/login/": (200, 200),
    "/admin/auth/login": (400, 400),
    "/agent/login": (200, 422),
    "/agent/logout": (405, 303),
    "/agent/signed-out": (200, 200),
    "/agent/auth/login": (400, 400),
    "/agent/auth/alive": (401, 405),
    "/agent/auth/arrived": (401, 405),
    "/agent/auth/check": (200, 405),
    "/agent/auth/keep": (405, 401),
    "/agent/auth/renew": (405, 401),
    "/agent/auth/open": (200, 401),
    "/agent/auth/switch": (303, 303),
}
# What any session may do, whatever its role and permissions.
OWN = {"/agent/availability"}


SIGN_IN = {"agent": "/agent/login", "admin": "/admin/login/"}


@pytest.fixture
def ticket(alice, carol, issue) -> Ticket:
    """A ticket, and one of everything else that has a page."""
    Workgroup.objects.set_up(by=Actor.system(), name="Support", members=[carol.pk])
    issue(carol)
    ticket = Ticket.objects.open_for(by=Actor(alice), requester=alice, title="Fire", content="Hot.")
    Conversation.objects.for_ticket(ticket).post(by=Actor(carol), content="We come.")
    return ticket


def answers(client: Client, pages: Iterable[str], ticket: Ticket) -> Iterator[tuple[str, Any]]:
    """Ask for each page by each method; yield `GET /page` and the answer."""
    client.raise_request_exception = False
    for page in pages:
        address = standing(page).replace("/tickets/1", f"/tickets/{ticket.pk}")
        for method in METHODS:
            yield f"{method} {page}", getattr(client, method.lower())(address)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def rows_of_work() -> dict[str, list]:
    """Return every row but sessions, and those that say when and how a token was used."""
    rows = snapshot()
    return {name: rows[name] for name in rows.keys() - {"Session", "AccessToken", "TokenEvent"}}


def test_the_walk_finds_all_rooms():
    assert len(ADDRESSES) > 130
    for address in ("/api/tickets/1/claim", "/agent/tickets/1/reply", "/admin/accounts/user/add/"):
        assert address in ADDRESSES
    assert OPEN.keys() <= set(ADDRESSES)


def test_nobody_opens_only_what_is_written_here(ticket):
    before = rows_of_work()

    for address in ADDRESSES:
        got, posted = Client().get(address), Client().post(address)

        statuses = (got.status_code, posted.status_code)
        if address in OPEN:
            assert statuses == OPEN[address], address
        elif address.startswith("/api"):
            assert statuses == (401, 401), address
        else:
            assert statuses == (302, 302), address
            to_sign_in = f"{SIGN_IN[address.split('/')[1]]}?next={address}"
            assert {got["Location"], posted["Location"]} == {to_sign_in}, address
    assert rows_of_work() == before


def test_a_bearer_opens_no_page(ticket, dora, issue):
    client = Client(headers={"Authorization": f"Bearer {issue(dora)[1]}"})
    before = rows_of_work()

    for asked, answer in answers(client, set(PAGES) - OPEN.keys(), ticket):
        assert answer.status_code in {302, 405}, asked
    assert rows_of_work() == before


@pytest.mark.parametrize(
    ("who", "rooms"), [("alice", ("/agent/", "/admin/")), ("carol", ("/admin/",))]
)
def test_a_role_stays_out_of_rooms_that_are_not_its_own_and_is_told_why(
    who, rooms, ticket, request
):
    client = signed_in(request.getfixturevalue(who))
    pages = {page for page in PAGES if page.startswith(rooms)} - OPEN.keys()
    before = rows_of_work()

    for asked, answer in answers(client, pages, ticket):
        assert answer.status_code in {403, 405}, asked
        assert answer.status_code == 405 or b"Your role does not allow this" in answer.content, (
            asked
        )
    assert rows_of_work() == before


@pytest.mark.parametrize("scopes", [["login:agent"], ["login:agent", "statistics:read"]])
def test_a_weak_token_opens_nothing_of_the_workstation(scopes, ticket, carol, issue):
    client = Client()
    client.get("/agent/auth/login", {"accessToken": issue(carol, scopes=scopes)[1]})
    pages = {page for page in PAGES if page.startswith("/agent/")} - OPEN.keys() - OWN
    before = rows_of_work()

    for asked, answer in answers(client, pages, ticket):
        assert answer.status_code == 403, asked
    assert rows_of_work() == before


def test_a_token_that_reads_tickets_changes_nothing(ticket, carol, issue):
    client = Client()
    scopes = ["login:agent", "tickets:read", "messages:read"]
    client.get("/agent/auth/login", {"accessToken": issue(carol, scopes=scopes)[1]})
    pages = {page for page in PAGES if page.startswith("/agent/")} - OPEN.keys() - OWN
    before = rows_of_work()

    statuses = {asked: answer.status_code for asked, answer in answers(client, pages, ticket)}

    assert statuses["GET /agent/tickets/1"] == 200
    # What was read is noted for the person, not for the ticket.
    changing = {asked for asked in statuses if asked.startswith("POST")} - {
        "POST /agent/tickets/1/read"
    }
    assert {statuses[asked] for asked in changing} <= {403, 405}
    assert rows_of_work() == before


@pytest.mark.parametrize("who", ["carol", "dora"])
def test_no_page_fails(who, ticket, request):
    client = signed_in(request.getfixturevalue(who))
    pages = set(PAGES) - OPEN.keys() - {"/admin/logout/"}

    for asked, answer in answers(client, pages, ticket):
        assert answer.status_code in {200, 204, 302, 303, 400, 403, 404, 405, 409}, asked
    assert client.get("/agent/tickets").status_code == 200
