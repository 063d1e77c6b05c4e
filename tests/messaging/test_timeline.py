from __future__ import annotations

import pytest

from accounts.actor import Actor
from accounts.models import Workgroup
from messaging import timeline
from messaging.models import Conversation


@pytest.fixture
def busy(ticket, alice, carol, carlos, say):
    """Return a ticket where a good deal happened."""
    by, conversation = Actor(carol), Conversation.objects.for_ticket(ticket)
    group = Workgroup.objects.create(name="Sales")
    ticket.edit(by=by, priority="high", tags=["loud"], title="No sound at all", workgroup=group)
    ticket.claim(by=by)
    say(conversation, carol, "Looking")
    say(conversation, carol, "Odd customer", internal=True)
    ticket.assign(carlos, by=by)
    say(conversation, alice, "Thanks")
    ticket.close(by=by, reason="spam")
    return ticket


def told(part):
    return [(entry.kind, str(entry.author), entry.text) for entry in part.entries]


def test_the_team_reads_everything_in_order(busy, carol):
    assert told(timeline.of_ticket(busy, carol)) == [
        ("content", "Alice", "Since *today*."),
        ("event", "Carol", "set the priority to High"),
        ("event", "Carol", "set the tags to loud"),
        ("event", "Carol", "edited the title"),
        ("event", "Carol", "gave the ticket to the workgroup Sales"),
        ("event", "Carol", "took the ticket"),
        ("event", "Carol", "set the status to Open"),
        ("message", "Carol", "Looking"),
        ("message", "Carol", "Odd customer"),
        ("event", "Carol", "assigned the ticket to Carlos"),
        ("message", "Alice", "Thanks"),
        ("event", "Carol", "closed the ticket (Spam)"),
    ]


def test_the_requester_reads_what_is_theirs(busy, alice):
    assert told(timeline.of_ticket(busy, alice)) == [
        ("content", "Alice", "Since *today*."),
        ("event", "Carol", "set the status to Open"),
        ("message", "Carol", "Looking"),
        ("message", "Alice", "Thanks"),
        ("event", "Carol", "closed the ticket (Spam)"),
    ]


def test_recalled_words_are_gone(ticket, carol, say):
    message = say(Conversation.objects.for_ticket(ticket), carol, "Oops")
    message.recall(by=Actor(carol))

    entry = next(e for e in timeline.of_ticket(ticket, carol).entries if e.kind == "message")
    assert (entry.recalled, entry.text, entry.html) == (True, "", "")


@pytest.mark.parametrize("more", [0, 40])
def test_it_costs_five_queries_however_long(more, busy, carol, say, django_assert_num_queries):
    conversation = Conversation.objects.get()
    for number in range(more):
        say(conversation, carol, str(number))
        busy.edit(by=Actor(carol), priority=["low", "high"][number % 2])
    busy.refresh_from_db()

    with django_assert_num_queries(5):
        timeline.of_ticket(busy, carol)
