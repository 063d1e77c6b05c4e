from __future__ import annotations

import pytest
from django.db import transaction

from accounts.actor import Actor
from messaging.events import conversation_changed, message_changed, message_written
from tickets.events import ticket_changed


@pytest.fixture
def heard():
    """Return what listeners are told, in order; one of them always fails."""
    told = []
    signals = {
        "ticket": ticket_changed,
        "written": message_written,
        "changed": message_changed,
        "conversation": conversation_changed,
    }
    listeners = {}
    for name, signal in signals.items():

        def listen(sender, signal, name=name, **what):
            told.append((name, what))
            raise RuntimeError("A listener fell over.")

        listeners[name] = listen
        signal.connect(listen)
    yield told
    for name, signal in signals.items():
        signal.disconnect(listeners[name])


# A failing listener is logged by Django, which is all that should come of it.
pytestmark = pytest.mark.django_db(transaction=True)


def test_listeners_hear_of_a_message_after_commit_and_cannot_undo_it(
    conversation, carol, say, heard
):
    with transaction.atomic():
        message = say(conversation, carol)
        assert heard == []

    here = {"conversation_id": conversation.pk, "message_id": message.pk}
    assert sorted(name for name, _ in heard) == ["ticket", "written"]
    assert ("written", here) in heard
    assert ("ticket", {"ticket_id": conversation.ticket_id}) in heard
    message.edit(by=Actor(carol), content="Hi")
    assert heard[-1] == ("changed", here)
    assert conversation.messages.get().content == "Hi"


def test_nothing_is_heard_of_what_was_rolled_back(ticket, chat, carol, heard):
    heard.clear()

    with transaction.atomic():
        ticket.resolve(by=Actor(carol))
        chat.claim(by=Actor(carol))
        transaction.set_rollback(True)

    assert heard == []
    ticket.refresh_from_db()
    assert ticket.status == "new"
    assert ticket.events.count() == 1


def test_a_chat_that_is_taken_is_heard_of(chat, carol, heard):
    heard.clear()
    chat.claim(by=Actor(carol))

    assert heard == [("conversation", {"conversation_id": chat.pk})]
