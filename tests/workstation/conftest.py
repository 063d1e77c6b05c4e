from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import User, Workgroup
from messaging.models import Conversation
from tickets.models import Ticket


@pytest.fixture
def open_ticket() -> Callable[..., Ticket]:
    """Return a function that opens a ticket: `open_ticket(alice, title="…")`."""

    def open_for(user: User, **fields) -> Ticket:
        fields.setdefault("by", Actor(user))
        fields.setdefault("requester", user)
        fields.setdefault("title", "The printer is on fire")
        fields.setdefault("content", "It **burns**.")
        by = fields.pop("by")
        if fields.get("workgroup") or fields.get("assignee"):
            by = Actor.system()
        return Ticket.objects.open_for(by=by, **fields)

    return open_for


@pytest.fixture
def ticket(alice, open_ticket) -> Ticket:
    """Return a ticket that Alice opened and nobody has."""
    return open_ticket(alice)


@pytest.fixture
def foreign_ticket(alice, carlos, open_ticket) -> Ticket:
    """Return a ticket of a workgroup that Carlos is in and Carol is not."""
    group = Workgroup.objects.create(name="Sales")
    group.members.add(carlos)
    return open_ticket(alice, title="A secret offer", workgroup=group)


@pytest.fixture
def team(carol, carlos) -> Workgroup:
    """Return a workgroup that Carol and Carlos are in."""
    group = Workgroup.objects.create(name="Support")
    group.members.add(carol, carlos)
    return group


@pytest.fixture
def say() -> Callable[..., None]:
    """Return a function that writes in a ticket: `say(ticket, alice, "Hello")`."""

    def post(ticket: Ticket, user: User, content: str, **options) -> None:
        Conversation.objects.for_ticket(ticket).post(by=Actor(user), content=content, **options)
        ticket.refresh_from_db()

    return post


@pytest.fixture
def by_password() -> Callable[[User], Client]:
    """Return a browser in which somebody signed in with a password."""

    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return client_of


@pytest.fixture
def by_link(issue) -> Callable[..., Client]:
    """Return a browser that came by an AccessToken: `by_link(carol, scopes=[…])`."""

    def client_of(user: User, **settings) -> Client:
        _row, secret = issue(user, **settings)
        client = Client()
        response = client.get("/agent/auth/login", {"accessToken": secret})
        assert response.status_code == 303, response.content
        return client

    return client_of


@pytest.fixture
def part() -> Callable[..., dict[str, str]]:
    """Return the headers of a call by htmx: `part("pane", current="/agent/tickets/7")`."""

    def headers(target: str = "", current: str = "/agent/tickets") -> dict[str, str]:
        return {
            "HX-Request": "true",
            "HX-Target": target,
            "HX-Current-URL": f"http://testserver{current}",
        }

    return headers
