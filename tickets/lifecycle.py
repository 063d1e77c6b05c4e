"""The life-cycle of a ticket: its statuses, every move there is, and what a move brings along."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import User
from configuration.values import value
from records.errors import Conflict, invalid_field

if TYPE_CHECKING:
    from tickets.changes import Change
    from tickets.models.ticket import Ticket


class Status(models.TextChoices):
    NEW = "new", pgettext_lazy("ticket status", "New")
    OPEN = "open", pgettext_lazy("ticket status", "Open")
    PENDING = "pending", pgettext_lazy("ticket status", "Pending")
    ON_HOLD = "on_hold", pgettext_lazy("ticket status", "On hold")
    RESOLVED = "resolved", pgettext_lazy("ticket status", "Resolved")
    CLOSED = "closed", pgettext_lazy("ticket status", "Closed")


class CloseReason(models.TextChoices):
    RESOLVED = "resolved", _("Resolved")
    MERGED = "merged", _("Merged")
    SPAM = "spam", _("Spam")
    DUPLICATE = "duplicate", _("Duplicate")
    NO_RESPONSE = "no_response", _("No response")
    CANCELLED = "cancelled", _("Cancelled")


# Work is left to do: what a backlog counts.
UNRESOLVED = frozenset({Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD})
OVER = frozenset({Status.RESOLVED, Status.CLOSED})

# What a team may do. Never back to new.
MOVES: dict[str, frozenset[str]] = {
    Status.NEW: frozenset(
        {Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.RESOLVED, Status.CLOSED}
    ),
    Status.OPEN: frozenset({Status.PENDING, Status.ON_HOLD, Status.RESOLVED, Status.CLOSED}),
    Status.PENDING: frozenset({Status.OPEN, Status.ON_HOLD, Status.RESOLVED, Status.CLOSED}),
    Status.ON_HOLD: frozenset({Status.OPEN, Status.RESOLVED, Status.CLOSED}),
    Status.RESOLVED: frozenset({Status.OPEN, Status.CLOSED}),
    # By administrators, and only where the reason is one of RESTORABLE.
    Status.CLOSED: frozenset({Status.OPEN}),
}
RESTORABLE = frozenset({CloseReason.MERGED, CloseReason.SPAM, CloseReason.CANCELLED})
# What requesters may do with their own, as long as the reopen window lasts.
REQUESTER_MOVES: dict[str, frozenset[str]] = {Status.RESOLVED: frozenset({Status.OPEN})}


class InvalidTransition(Conflict):
    """The ticket cannot go from `old` to `new`, now or for this person; nothing was changed."""

    def __init__(self, old: str, new: str, *, allowed: Collection[str]) -> None:
        super().__init__(
            gettext("This ticket is “%(old)s” and cannot become “%(new)s”.")
            % {"old": Status(old).label, "new": Status(new).label},
            code="invalid-transition",
            current_status=str(old),
            allowed=sorted(str(status) for status in allowed),
        )


def refused() -> PermissionDenied:
    return PermissionDenied(gettext("Only the team can do this."))


def takes_tickets(person: User) -> bool:
    return person.is_active and person.is_team_member


def allowed(ticket: Ticket, by: Actor) -> frozenset[str]:
    """Return the statuses that `by` may give the ticket now."""
    if not by.is_team:
        if ticket.requester_id == by.user_id and not is_over(ticket):
            return REQUESTER_MOVES.get(ticket.status, frozenset())
        return frozenset()
    if ticket.status == Status.CLOSED:
        can_restore = by.is_administrator and ticket.close_reason in RESTORABLE
        return MOVES[Status.CLOSED] if can_restore else frozenset()
    return MOVES[ticket.status]


def is_over(ticket: Ticket) -> bool:
    """Return whether it is too late for the requester to go on in this ticket."""
    if ticket.status != Status.RESOLVED or ticket.resolved_at is None:
        return ticket.status == Status.CLOSED
    return timezone.now() >= ticket.resolved_at + timedelta(days=value("reopen_window_days"))


def move(change: Change, to: str, *, reason: str = "") -> None:
    """Move the ticket of a change, with everything that a move brings along."""
    check_words(to, reason)
    ticket = change.ticket
    _check(ticket, to, change.by)
    if to == Status.CLOSED:
        reason = reason or CloseReason.RESOLVED
        if reason == CloseReason.RESOLVED and ticket.status in UNRESOLVED:
            # So that it counts as resolved in every figure.
            _move(change, Status.RESOLVED)
    _move(change, to, reason=reason)


def take_up(change: Change) -> None:
    """Open the ticket because a message says so; that is nobody's own move."""
    _move(change, Status.OPEN)


def check_words(status: str, reason: str) -> None:
    """Refuse statuses and reasons that the life-cycle does not have."""
    if status not in Status.values:
        raise invalid_field("status", gettext("There is no such status."), "invalid_choice")
    if reason and reason not in CloseReason.values:
        raise invalid_field("close_reason", gettext("There is no such reason."), "invalid_choice")


def _check(ticket: Ticket, to: str, by: Actor) -> None:
    can = allowed(ticket, by)
    if to in can:
        return
    is_theirs = by.is_team or to in REQUESTER_MOVES.get(ticket.status, ())
    if to in MOVES[ticket.status] and not is_theirs:
        raise refused()
    raise InvalidTransition(ticket.status, to, allowed=can)


def _move(change: Change, to: str, *, reason: str = "") -> None:
    ticket, old, since = change.ticket, change.ticket.status, change.ticket.status_changed_at
    change.set(status=to, status_changed_at=change.at, **_effects(ticket, to, change.at, reason))
    change.note_move(old, since)
    if to == Status.OPEN and old in OVER:
        _back_to_queue_if_deserted(change)


def _effects(ticket: Ticket, to: str, at: datetime, reason: str) -> dict[str, Any]:
    """Return the columns that follow from a move."""
    if to == Status.PENDING:
        return {"waiting_since": None}
    if to == Status.RESOLVED:
        first = ticket.first_resolved_at or at
        return {"resolved_at": at, "first_resolved_at": first, "waiting_since": None}
    if to == Status.CLOSED:
        return {"closed_at": at, "close_reason": reason, "waiting_since": None}
    if to == Status.OPEN and ticket.status != Status.NEW:
        return {
            "resolved_at": None,
            "closed_at": None,
            "close_reason": "",
            "waiting_since": ticket.waiting_since or at,
            "reopen_count": ticket.reopen_count + (ticket.status in OVER),
        }
    return {}


def _back_to_queue_if_deserted(change: Change) -> None:
    assignee = change.ticket.assignee
    if assignee is not None and not takes_tickets(assignee):
        change.give_to(None)
