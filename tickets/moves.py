"""Make the moves of the workflow, and refuse all others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User
from configuration.values import value
from tickets.changes import Change, Verb
from tickets.lifecycle import (
    MOVES,
    REQUESTER_MOVES,
    RESTORABLE,
    UNRESOLVED,
    CloseReason,
    InvalidTransition,
    Status,
)

if TYPE_CHECKING:
    from tickets.models.ticket import Ticket

_OVER = frozenset({Status.RESOLVED, Status.CLOSED})


def refused() -> PermissionDenied:
    return PermissionDenied(_("Only the team can do this."))


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


def check_words(status: str, reason: str) -> None:
    """Refuse statuses and reasons that the workflow does not have."""
    if status not in Status.values:
        message = _("There is no such status.")
        raise ValidationError({"status": ValidationError(message, code="invalid_choice")})
    if reason and reason not in CloseReason.values:
        message = _("There is no such reason.")
        raise ValidationError({"close_reason": ValidationError(message, code="invalid_choice")})


def take_up(change: Change) -> None:
    """Open the ticket because a message says so; that is nobody's own move."""
    _move(change, Status.OPEN)


def _check(ticket: Ticket, to: str, by: Actor) -> None:
    can = allowed(ticket, by)
    if to in can:
        return
    is_theirs = by.is_team or to in REQUESTER_MOVES.get(ticket.status, ())
    if to in MOVES[ticket.status] and not is_theirs:
        raise refused()
    raise InvalidTransition(ticket.status, to, allowed=can)


def _move(change: Change, to: str, *, reason: str = "") -> None:
    old = change.ticket.status
    change.set(status=to, status_changed_at=change.at, **_effects(change.ticket, to, change.at))
    seconds = None
    if to == Status.CLOSED:
        change.set(close_reason=reason)
    if to in _OVER:
        seconds = change.seconds_since_creation()
    change.note(
        _verb(old, to),
        field="status",
        old=str(old),
        new=str(to),
        detail=str(reason) if to == Status.CLOSED else "",
        seconds=seconds,
    )
    if to == Status.OPEN and old in _OVER:
        _back_to_queue_if_deserted(change)


def _back_to_queue_if_deserted(change: Change) -> None:
    assignee = change.ticket.assignee
    if assignee is not None and not (assignee.is_active and assignee.is_team_member):
        assign(change, None)


def _verb(old: str, to: str) -> Verb:
    if to == Status.RESOLVED:
        return Verb.RESOLVED
    if to == Status.CLOSED:
        return Verb.CLOSED
    return Verb.REOPENED if old in _OVER else Verb.STATUS


def _effects(ticket: Ticket, to: str, at: datetime) -> dict[str, Any]:
    """Return the columns that follow from a move."""
    if to == Status.PENDING:
        return {"waiting_since": None}
    if to == Status.RESOLVED:
        first = ticket.first_resolved_at or at
        return {"resolved_at": at, "first_resolved_at": first, "waiting_since": None}
    if to == Status.CLOSED:
        return {"closed_at": at, "waiting_since": None}
    if to == Status.OPEN and ticket.status != Status.NEW:
        return {
            "resolved_at": None,
            "closed_at": None,
            "close_reason": "",
            "waiting_since": ticket.waiting_since or at,
            "reopen_count": ticket.reopen_count + (ticket.status in _OVER),
        }
    return {}


def assign(change: Change, assignee: User | None) -> None:
    """Give the ticket to somebody of the team, or to nobody."""
    if assignee is not None and not (assignee.is_active and assignee.is_team_member):
        message = _("Only active agents and administrators can be given tickets.")
        raise ValidationError({"assignee": ValidationError(message, code="not_in_team")})
    ticket = change.ticket
    assignee_id = assignee.pk if assignee else None
    if not change.replace(Verb.ASSIGNED, "assignee", assignee_id, column="assignee_id"):
        return
    if assignee is None:
        return
    ticket.assignee = assignee
    change.set(first_assigned_at=ticket.first_assigned_at or change.at)
    if ticket.status == Status.NEW:
        move(change, Status.OPEN)
