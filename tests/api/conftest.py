"""Enough people to turn pages in, and one object of every family."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.actor import Actor
from accounts.models import User, Workgroup
from messaging.models import Conversation
from tickets.models import Ticket
from tokens.models import AccessToken


@pytest.fixture
def crowd(db) -> Callable[[int], list[User]]:
    """Return a function that makes so many customers at once, without passwords."""

    def make(count: int) -> list[User]:
        return User.objects.bulk_create(
            User(username=f"guest{number:05}@example.com", password="!") for number in range(count)
        )

    return make


@pytest.fixture
def ids(alice, carol) -> dict[str, str]:
    """Return one id for each family, to put into its addresses."""
    ticket = Ticket.objects.open_for(
        by=Actor(alice), requester=alice, title="Where is my order?", content="It is late."
    )
    conversation = Conversation.objects.for_ticket(ticket)
    message, _ = conversation.post(by=Actor(alice), content="Hello?")
    group = Workgroup.objects.create(name="Billing")
    token = AccessToken.objects.issue(user=carol, name="night job", by=Actor.system())[0]
    return {
        "users": str(carol.pk),
        "workgroups": str(group.pk),
        "tickets": str(ticket.pk),
        "conversations": str(conversation.pk),
        "messages": str(message.pk),
        "settings": "site_name",
        "tokens": str(token.pk),
    }
