"""What a public message means for its ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from tickets import lifecycle
from tickets.changes import Change, Verb
from tickets.lifecycle import Status

if TYPE_CHECKING:
    from tickets.models.ticket import Ticket


def record(change: Change) -> None:
    """Follow a message in the ticket's clocks, counters and status."""
    change.set(last_message_at=change.at)
    by, ticket = change.by, change.ticket
    # An agent who asks for something is the requester of that ticket, whatever their role.
    if by.user_id == ticket.requester_id:
        _hear_requester(change)
    elif by.user is not None and by.is_team:
        _hear_team(change)


def _hear_requester(change: Change) -> None:
    ticket = change.ticket
    # New stays new: nobody of ours has touched it yet.
    if ticket.status in {Status.PENDING, Status.ON_HOLD, Status.RESOLVED}:
        lifecycle.take_up(change)
    change.set(waiting_since=ticket.waiting_since or change.at)


def _hear_team(change: Change) -> None:
    ticket = change.ticket
    change.set(reply_count=ticket.reply_count + 1)
    if ticket.first_response_at is None:
        change.set(first_response_at=change.at)
        change.note(Verb.FIRST_RESPONSE, seconds=change.seconds_since_creation())
    if ticket.status == Status.NEW:
        lifecycle.take_up(change)
    change.set(waiting_since=None)


@transaction.atomic
def follow_up(ticket: Ticket, by: Actor) -> Ticket:
    """Return the ticket that goes on where this one is over; open it where there is none."""
    # The lock makes two messages at once share one follow-up.
    ticket.lock()
    # One that was given to somebody else since is theirs to read and to write in.
    theirs = ticket.follow_ups.filter(deleted_at=None, requester_id=ticket.requester_id)
    latest = theirs.order_by("-id").first()
    if latest is not None:
        return follow_up(latest, by) if latest.is_over() else latest
    return type(ticket).objects.open_for(
        by=by,
        title=ticket.title,
        content=_("Follow-up of %(number)s.") % {"number": ticket.number},
        priority=ticket.priority,
        requester=ticket.requester,
        workgroup=ticket.workgroup,
        tags=ticket.tags,
        channel=ticket.channel,
        language=ticket.language,
        follow_up_of=ticket,
    )
