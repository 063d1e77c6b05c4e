from __future__ import annotations

import pytest

from accounts.actor import Actor
from messaging.models import Conversation
from tickets.models import Ticket


@pytest.fixture
def ticket(alice) -> Ticket:
    return Ticket.objects.open_for(by=Actor(alice), title="No sound", content="Since *today*.")


@pytest.fixture
def conversation(ticket) -> Conversation:
    """Return the conversation of Alice's ticket."""
    return Conversation.objects.for_ticket(ticket)


@pytest.fixture
def chat(alice) -> Conversation:
    """Return a chat that Alice started and nobody has taken."""
    return Conversation.objects.start(by=Actor(alice))


@pytest.fixture
def say():
    """Return a function that writes a message: `say(conversation, carol, "Hello")`."""

    def post(conversation, user, content="Hello", **options):
        message, _duplicate = conversation.post(by=Actor(user), content=content, **options)
        return message

    return post
