"""Many people at once, on a database that lets them."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.actor import Actor
from messaging.models import Conversation, Message
from tests.tickets.together import together
from tickets.models import Ticket

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL"),
    pytest.mark.django_db(transaction=True),
]


def test_eight_writers_leave_no_gap(conversation, alice, carol):
    def write(number):
        user = alice if number % 2 else carol
        here = Conversation.objects.get(pk=conversation.pk)
        return [
            here.post(by=Actor(user), content=f"{number}/{turn}", internal=number % 4 == 2)[0].seq
            for turn in range(10)
        ]

    results = together(write, range(8))

    assert sorted(seq for seqs in results for seq in seqs) == list(range(1, 81))
    rows = Message.objects.order_by("seq")
    assert list(rows.values_list("seq", flat=True)) == list(range(1, 81))
    public = rows.filter(internal=False).values_list("public_seq", flat=True)
    assert list(public) == list(range(1, 61))
    # Committed in the order of the numbers, and so are the times.
    times = list(rows.values_list("created_at", flat=True))
    assert times == sorted(times)
    conversation.refresh_from_db()
    assert (conversation.last_seq, conversation.last_public_seq) == (80, 60)
    assert Ticket.objects.get().reply_count == 20


def test_one_message_sent_eight_times_at_once_is_written_once(conversation, alice):
    def write(_):
        here = Conversation.objects.get(pk=conversation.pk)
        message, duplicate = here.post(by=Actor(alice), content="Hi", client_id="c1")
        return message.pk, duplicate

    results = together(write, range(8))

    assert len({pk for pk, _ in results}) == 1
    assert [duplicate for _, duplicate in results].count(False) == 1
    assert Message.objects.count() == 1


def test_two_messages_at_once_after_the_end_share_one_follow_up(conversation, alice, carol):
    conversation.ticket.close(by=Actor(carol))

    def write(number):
        here = Conversation.objects.get(pk=conversation.pk)
        return here.post(by=Actor(alice), content=str(number))[0].conversation_id

    assert len(set(together(write, range(6)))) == 1
    assert Ticket.objects.count() == 2
    assert sorted(Message.objects.values_list("seq", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_a_move_and_a_message_at_once_do_not_wait_for_each_other_for_ever(
    conversation, alice, carol
):
    def act(number):
        ticket = Ticket.objects.get(pk=conversation.ticket_id)
        if number % 2:
            ticket.edit(by=Actor(carol), status="pending", priority=["low", "high"][number // 4])
        else:
            here = Conversation.objects.get(pk=conversation.pk)
            here.post(by=Actor(alice), content=str(number))

    assert together(act, range(8)) == [None] * 8
    assert Message.objects.count() == 4


def test_two_first_messages_at_once_make_one_conversation(alice, carol):
    ticket = Ticket.objects.open_for(by=Actor(alice), title="T", content="C")

    def write(user):
        here = Conversation.objects.for_ticket(Ticket.objects.get(pk=ticket.pk))
        return here.post(by=Actor(user), content="Hi")[0].seq

    assert sorted(together(write, [alice, carol])) == [1, 2]
    assert Conversation.objects.count() == 1
