"""One change of one ticket, and what people change: opening, editing, assigning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User, Workgroup
from records.errors import invalid_field
from records.fields import as_kept, with_compared
from records.rendered import COLUMNS
from tickets import lifecycle
from tickets.events import ticket_changed
from tickets.lifecycle import OVER, UNRESOLVED, Status
from tickets.models.event import TicketEvent, stay_of
from tickets.models.tag import TicketTag, clean_tags, compared_tags

if TYPE_CHECKING:
    from tickets.models.ticket import Ticket

Verb = TicketEvent.Verb

TEXTS = frozenset({"title", "content", "language", "external_id", "external_source"})
# What requesters may write in their own tickets; which statuses, says the life-cycle.
WRITABLE_BY_REQUESTER = frozenset({"title", "content", "priority", "language", "status"})


class Change:
    """Collect what one person changes in a ticket whose row is locked, then save it all."""

    def __init__(self, ticket: Ticket, *, by: Actor, at: datetime | None = None) -> None:
        self.ticket = ticket
        self.by = by
        # Clocks of several machines differ, and moves stand in the order of time.
        self.at = max(at or timezone.now(), ticket.status_changed_at)
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

    def note_move(self, old: str, since: datetime) -> None:
        """Add the history row of the move from `old`, its status since then, to the present one."""
        to = self.ticket.status
        self.note(
            _verb_of_move(old, to),
            field="status",
            old=str(old),
            new=str(to),
            detail=str(self.ticket.close_reason),
            seconds=self.seconds_since_creation() if to in OVER else None,
            since=since,
            stay=stay_of(since, self.at) if old in UNRESOLVED else None,
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

    def check(self) -> None:
        """Raise ValidationError for a new value that the column cannot keep."""
        ticket = self.ticket
        fixed = {field.name for field in ticket._meta.fields} - self._columns
        ticket.clean_fields(exclude=fixed | ticket.RELATIONS)

    def seconds_since_creation(self) -> int:
        return max(0, int((self.at - self.ticket.created_at).total_seconds()))

    def save(self, *, is_edit: bool = True) -> None:
        """Write what differs. Edits by people count the version up; messages do not."""
        if not self._columns:
            return
        if "content" in self._columns:
            self.ticket.render()
            self._columns.update(COLUMNS)
        if is_edit:
            self.set(version=self.ticket.version + 1)
        self.set(updated_at=max(self.at, timezone.now()))
        with external_id_once(self.ticket):
            self.ticket.save(update_fields=with_compared(type(self.ticket), self._columns))
        self.write_history()

    def write_history(self) -> None:
        """Write the rows that were added, and tell the listeners once all is committed."""
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
        # Robust: the change is saved, so a failing listener must not fail the request.
        tell = partial(ticket_changed.send_robust, sender=None, ticket_id=self.ticket.pk)
        transaction.on_commit(tell)


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


@contextmanager
def external_id_once(ticket: Ticket) -> Iterator[None]:
    """Turn the one broken constraint that a caller can cause into a sentence."""
    if not ticket.external_id:
        yield
        return
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        message = _("Another ticket has this external id already.")
        raise invalid_field("external_id", message, "unique") from error


# --- Opening ------------------------------------------------------------------------------------


def insert(ticket: Ticket, *, by: Actor) -> None:
    """Save a new ticket with its tags and its first history row."""
    _check_opening(ticket, by)
    ticket.clean_fields(exclude=ticket.RELATIONS)
    ticket.updated_at = ticket.status_changed_at = ticket.waiting_since = ticket.created_at
    ticket.render()
    with external_id_once(ticket):
        ticket.save(force_insert=True)
    _add_tag_rows(ticket, sorted(compared_tags(ticket.tags)))
    change = Change(ticket, by=by, at=ticket.created_at)
    change.note(Verb.CREATED, field="status", new=ticket.status)
    change.write_history()


def _check_opening(ticket: Ticket, by: Actor) -> None:
    """Refuse a ticket for nobody, and what customers have no say in."""
    if ticket.requester_id is None or not ticket.requester.is_active:
        raise _inactive_requester()
    if by.is_team or ticket.follow_up_of_id:
        return
    said_by_team = ticket.workgroup_id or ticket.tags or ticket.external_id
    if ticket.requester_id != by.user_id or said_by_team:
        raise lifecycle.refused()


def _inactive_requester() -> ValidationError:
    return invalid_field("requester", _("Name an active person."), "inactive")


def _add_tag_rows(ticket: Ticket, names: Iterable[str]) -> None:
    TicketTag.objects.bulk_create([TicketTag(ticket=ticket, name=name) for name in names])


# --- Editing ------------------------------------------------------------------------------------


def edit(change: Change, fields: dict[str, Any]) -> None:
    """Write `fields`; those that have their present value already are no change."""
    _check_rights(change, fields)
    fields = as_kept(type(change.ticket), fields)
    reason = fields.pop("close_reason", "")
    status = fields.pop("status", None)
    for name, value in fields.items():
        if name in TEXTS:
            _write_text(change, name, value)
        else:
            _WRITERS[name](change, value)
    change.check()
    # Last: a first assignment may have opened the ticket already.
    if status is not None and status != change.ticket.status:
        lifecycle.move(change, status, reason=reason)
    elif reason not in {"", change.ticket.close_reason}:
        message = _("A reason is given together with the status “closed”.")
        raise invalid_field("close_reason", message, "not_closing")


def _check_rights(change: Change, fields: dict[str, Any]) -> None:
    by = change.by
    if by.is_team:
        return
    if change.ticket.requester_id != by.user_id or not WRITABLE_BY_REQUESTER.issuperset(fields):
        raise lifecycle.refused()


def _write_text(change: Change, name: str, value: str) -> None:
    # The texts themselves stay out of the history: see Event.
    if change.set(**{name: value}):
        change.note(Verb.EDITED, field=name)


def _write_priority(change: Change, value: str) -> None:
    change.replace(Verb.PRIORITY, "priority", value)


def _write_tags(change: Change, names: list[str]) -> None:
    ticket = change.ticket
    # First: what it has may be what nobody could give it any more.
    if names == ticket.tags:
        return
    before = compared_tags(ticket.tags)
    if not change.replace(Verb.TAGS, "tags", clean_tags(names)):
        return
    after = compared_tags(ticket.tags)
    ticket.tag_rows.filter(name__in=before - after).delete()
    _add_tag_rows(ticket, sorted(after - before))


def _write_requester(change: Change, requester: User) -> None:
    if requester.pk != change.ticket.requester_id and not requester.is_active:
        raise _inactive_requester()
    change.relate(Verb.EDITED, "requester", requester)


def _write_workgroup(change: Change, workgroup: Workgroup | None) -> None:
    change.relate(Verb.WORKGROUP, "workgroup", workgroup)


def assign(change: Change, assignee: User | None) -> None:
    """Give the ticket to somebody of the team, or to nobody."""
    # First: whoever has it may be somebody whom nobody could give it to any more.
    if change.ticket.assignee_id == (assignee.pk if assignee else None):
        return
    if assignee is not None and not lifecycle.takes_tickets(assignee):
        message = _("Only active agents and administrators can be given tickets.")
        raise invalid_field("assignee", message, "not_in_team")
    ticket = change.ticket
    change.give_to(assignee)
    if assignee is None:
        return
    change.set(first_assigned_at=ticket.first_assigned_at or change.at)
    if ticket.status == Status.NEW:
        lifecycle.move(change, Status.OPEN)


_WRITERS: dict[str, Callable[[Change, Any], None]] = {
    "priority": _write_priority,
    "tags": _write_tags,
    "requester": _write_requester,
    "assignee": assign,
    "workgroup": _write_workgroup,
}
