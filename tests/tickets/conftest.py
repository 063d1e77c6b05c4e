from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.actor import Actor
from accounts.models import User, Workgroup
from tickets.models import Ticket


@pytest.fixture
def open_ticket() -> Callable[..., Ticket]:
    """Return a function that opens a ticket: `open_ticket(alice, priority="high")`."""

    def open_for(user: User, **fields) -> Ticket:
        fields.setdefault("by", Actor(user))
        fields.setdefault("requester", user)
        fields.setdefault("title", "The printer is on fire")
        fields.setdefault("content", "It **burns**.")
        return Ticket.objects.open_for(**fields)

    return open_for


@pytest.fixture
def ticket(alice, open_ticket) -> Ticket:
    """Return a ticket that Alice opened and nobody has."""
    return open_ticket(alice)


@pytest.fixture
def sales(carlos) -> Workgroup:
    """Return a workgroup that Carlos is in and Carol is not."""
    group = Workgroup.objects.create(name="Sales")
    group.members.add(carlos)
    return group
