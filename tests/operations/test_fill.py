"""`python -m benchmarks.fill` writes past the domain: what stands there is what it would leave."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User
from benchmarks.rows import TURNS, write
from messaging.models import Conversation, Message
from records.rendered import COLUMNS
from tickets.models import Ticket, TicketEvent
from tokens.models import TokenEvent
from tokens.models.audit import ADDRESSES_STAY_WHOLE_FOR

TICKETS = 300


# Not in a transaction: a bulk load changes settings of the connection.
@pytest.mark.django_db(transaction=True)
def test_the_rows_are_those_of_real_work():
    write(TICKETS)
    tickets = list(Ticket.objects.prefetch_related("events", "tag_rows"))
    assert len(tickets) == TICKETS
    assert {ticket.status for ticket in tickets} >= {"closed", "new"}
    for ticket in tickets:
        ticket.full_clean()
        assert sorted(row.name for row in ticket.tag_rows.all()) == ticket.tags
        moves = [event for event in ticket.events.all() if event.field == "status"]
        assert [event.old for event in moves] == ["", *(event.new for event in moves[:-1])]
        assert [event.since for event in moves[1:]] == [event.at for event in moves[:-1]]
        assert (moves[-1].new, moves[-1].at) == (ticket.status, ticket.status_changed_at)
        if ticket.workgroup and ticket.assignee:
            assert ticket.assignee in ticket.workgroup.members.all()
        assert all(before.at <= after.at for before, after in pairwise(ticket.events.all()))
    assert Message.objects.count() == TICKETS * len(TURNS)
    assert TicketEvent.objects.filter(verb="resolved", seconds=None).count() == 0
    talk = Conversation.objects.get(pk=TICKETS // 2)
    talk.full_clean()
    assert [message.seq for message in talk.messages.order_by("seq")] == [1, 2, 3, 4, 5]
    assert talk.last_seq == 5
    for row in (*talk.messages.all(), *tickets[:20]):
        kept = [getattr(row, name) for name in COLUMNS]
        row.render()
        assert kept == [getattr(row, name) for name in COLUMNS]
    audited = TokenEvent.objects
    assert (audited.count(), audited.denials().count()) == (TICKETS, TICKETS // 20)
    assert TokenEvent.objects.cut_addresses(before=timezone.now() - ADDRESSES_STAY_WHOLE_FOR) == 0
    customer = User.objects.filter(role=User.Role.CUSTOMER).first()
    later = Ticket.objects.open_for(by=Actor(customer), title="One more", content="x")
    assert later.pk == TICKETS + 1
