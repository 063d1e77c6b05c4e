"""One change of one ticket, and what people change: opening, editing, assigning."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User, Workgroup
from tickets import lifecycle
from tickets.events import announce
from tickets.lifecycle import OVER, Status
from tickets.models.event import TicketEvent

if TYPE_CHECKING:
    from tickets.models.ticket import Ticket

Verb = TicketEvent.Verb


class Change:
    """Collect what one person changes in a ticket whose row is locked, then save it all."""

    def __init__(self, ticket: Ticket, *, by: Actor, at: datetime | None = None) -> None:
        self.ticket = ticket
        self.by = by
        self.at = at or timezone.now()
        self._columns: set[str] = set()
        self._notes: list[dict[str, Any]] = []

    def set(self, **columns: Any) -> bool:
        """Give columns new values; return whether any of them differed."""
        different = {
            name: value for name, value in columns.items() if getattr(self.ticket, name) != value
        }
        for name, value in different.items():
            setattr(self.ticket, name, value)
        self._columns.update(different)
        return bool(different)

    def note(self, verb: str, **columns: Any) -> None:
        """Add a history row; it is written by `save`."""
        self._notes.append({"verb": verb, **columns})

    def note_move(self, old: str) -> None:
        """Add the history row of the move from `old` to the status that the ticket has now."""
        to = self.ticket.status
        self.note(
            _verb_of_move(old, to),
            field="status",
            old=str(old),
            new=str(to),
            detail=str(self.ticket.close_reason),
            seconds=self.seconds_since_creation() if to in OVER else None,
        )

    def replace(self, verb: str, field: str, value: Any, *, column: str = "") -> bool:
        """Give one column a new value, with a history row that tells the old one and the new."""
        column = column or field
        old = getattr(self.ticket, column)
        if not self.set(**{column: value}):
            return False
        self.note(verb, field=field, old=_as_text(old), new=_as_text(value))
        return True

    def relate(self, verb: str, field: str, row: User | Workgroup | None) -> bool:
        """Point a relation to another row, or to none, with a history row that has the ids."""
        if not self.replace(verb, field, row.pk if row else None, column=f"{field}_id"):
            return False
        setattr(self.ticket, field, row)
        return True

    def give_to(self, assignee: User | None) -> bool:
        return self.relate(Verb.ASSIGNED, "assignee", assignee)

    def seconds_since_creation(self) -> int:
        return max(0, int((self.at - self.ticket.created_at).total_seconds()))

    def save(self, *, is_edit: bool = True) -> None:
        """Write what differs. Edits by people count the version up; messages do not."""
        if not self._columns:
            return
        if is_edit:
            self.set(version=self.ticket.version + 1)
        self.set(updated_at=max(self.at, timezone.now()))
        self.ticket.save(update_fields=self._columns)
        self.write_notes()
        announce(self.ticket.pk)

    def write_notes(self) -> None:
        TicketEvent.objects.bulk_create(
            TicketEvent(
                ticket=self.ticket,
                at=self.at,
                workgroup_id=self.ticket.workgroup_id,
                assignee_id=self.ticket.assignee_id,
                **self.by.as_columns(),
                **note,
            )
            for note in self._notes
        )


def _verb_of_move(old: str, to: str) -> Verb:
    if to == Status.RESOLVED:
        return Verb.RESOLVED
    if to == Status.CLOSED:
        return Verb.CLOSED
    return Verb.REOPENED if old in OVER else Verb.STATUS


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)


def assign(change: Change, assignee: User | None) -> None:
    """Give the ticket to somebody of the team, or to nobody."""
    if assignee is not None and not lifecycle.takes_tickets(assignee):
        message = _("Only active agents and administrators can be given tickets.")
        raise ValidationError({"assignee": ValidationError(message, code="not_in_team")})
    ticket = change.ticket
    if not change.give_to(assignee) or assignee is None:
        return
    change.set(first_assigned_at=ticket.first_assigned_at or change.at)
    if ticket.status == Status.NEW:
        lifecycle.move(change, Status.OPEN)
