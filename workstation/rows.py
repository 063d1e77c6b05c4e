"""What a row of the list shows beside the ticket itself: its last words and what is unread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Subquery

from accounts.models import User
from messaging.models import Message, Participant
from records.markup import preview
from tickets.models import Ticket


@dataclass(frozen=True)
class Row:
    """One ticket in the list. `words` are None where the viewer may not read messages."""

    ticket: Any
    words: str | None
    is_own: bool = False
    is_note: bool = False
    is_recalled: bool = False
    unread: int = 0


def rows_of(tickets: Sequence[Ticket], user: User, *, with_messages: bool) -> list[Row]:
    """Return the rows of tickets that `user` sees, with their last words by one query."""
    last = _last_messages(tickets, user) if with_messages else {}
    return [_row(ticket, last.get(ticket.pk), user, with_messages) for ticket in tickets]


def _row(ticket: Ticket, message: Any, user: User, with_messages: bool) -> Row:
    if message is None:
        return Row(ticket, preview(ticket.content) if with_messages else None)
    return Row(
        ticket,
        preview(message.readable_content),
        is_own=message.author_id == user.pk,
        is_note=message.internal,
        is_recalled=message.recalled_at is not None,
        unread=max(0, message.seq - (message.read_seq or 0)),
    )


def _last_messages(tickets: Sequence[Ticket], user: User) -> dict[int, Any]:
    mine = Participant.objects.filter(conversation=OuterRef("conversation_id"), user_id=user.pk)
    # The list is the team's: they count by `seq`, notes and all.
    last = Message.objects.as_seen_by(user).filter(
        conversation__ticket__in=[ticket.pk for ticket in tickets],
        seq=F("conversation__last_seq"),
    )
    found = last.annotate(
        ticket_id=F("conversation__ticket_id"), read_seq=Subquery(mine.values("read_seq"))
    )
    return {message.ticket_id: message for message in found}
