"""One change of one ticket: its columns and its history rows, saved together."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accounts.actor import Actor
from tickets.events import announce
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

    def replace(self, verb: str, field: str, value: Any, *, column: str = "") -> bool:
        """Give one column a new value, with a history row that tells the old one and the new."""
        column = column or field
        old = getattr(self.ticket, column)
        if not self.set(**{column: value}):
            return False
        self.note(verb, field=field, old=_as_text(old), new=_as_text(value))
        return True

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


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)
