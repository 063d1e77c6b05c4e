"""Write the fields of a ticket: what each of them needs, and who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User, Workgroup
from tickets import moves
from tickets.changes import Change, Verb
from tickets.models.tag import TicketTag, clean_tags

if TYPE_CHECKING:
    from tickets.models.ticket import Ticket

TEXTS = frozenset({"title", "content", "language", "external_id", "external_source"})
# What requesters may write in their own tickets; which statuses, says the workflow.
WRITABLE_BY_REQUESTER = frozenset({"title", "content", "priority", "language", "status"})


def apply(change: Change, fields: dict[str, Any]) -> None:
    """Write `fields`; those that have their present value already are no change."""
    _check_rights(change, fields)
    reason = fields.pop("close_reason", "")
    status = fields.pop("status", None)
    for name, value in fields.items():
        if name in TEXTS:
            _write_text(change, name, value)
        else:
            _WRITERS[name](change, value)
    change.ticket.clean_fields(exclude=_all_but(change.ticket, fields))
    # Last: a first assignment may have opened the ticket already.
    if status is not None and status != change.ticket.status:
        moves.move(change, status, reason=reason)
    elif reason not in {"", change.ticket.close_reason}:
        message = _("A reason is given together with the status “closed”.")
        raise ValidationError({"close_reason": ValidationError(message, code="not_closing")})


def _check_rights(change: Change, fields: dict[str, Any]) -> None:
    by = change.by
    if by.is_team:
        return
    if change.ticket.requester_id != by.user_id or not WRITABLE_BY_REQUESTER.issuperset(fields):
        raise moves.refused()


def _all_but(ticket: Ticket, fields: dict[str, Any]) -> set[str]:
    written = set(fields) - ticket.RELATIONS
    return {field.name for field in ticket._meta.fields if field.name not in written}


def _write_text(change: Change, name: str, value: str) -> None:
    value = value if name == "content" else value.strip()
    # The texts themselves stay out of the history: see Event.
    if change.set(**{name: value}):
        change.note(Verb.EDITED, field=name)


def _write_priority(change: Change, value: str) -> None:
    change.replace(Verb.PRIORITY, "priority", value)


def _write_tags(change: Change, names: list[str]) -> None:
    ticket = change.ticket
    before, after = set(ticket.tags), set(clean_tags(names))
    if not change.replace(Verb.TAGS, "tags", sorted(after)):
        return
    ticket.tag_rows.filter(name__in=before - after).delete()
    TicketTag.objects.bulk_create(
        TicketTag(ticket=ticket, name=name) for name in sorted(after - before)
    )


def _write_requester(change: Change, requester: User) -> None:
    if requester.pk != change.ticket.requester_id and not requester.is_active:
        message = _("Name an active person.")
        raise ValidationError({"requester": ValidationError(message, code="inactive")})
    if change.replace(Verb.EDITED, "requester", requester.pk, column="requester_id"):
        change.ticket.requester = requester


def _write_workgroup(change: Change, workgroup: Workgroup | None) -> None:
    workgroup_id = workgroup.pk if workgroup else None
    if change.replace(Verb.WORKGROUP, "workgroup", workgroup_id, column="workgroup_id"):
        change.ticket.workgroup = workgroup


_WRITERS: dict[str, Callable[[Change, Any], None]] = {
    "priority": _write_priority,
    "tags": _write_tags,
    "requester": _write_requester,
    "assignee": moves.assign,
    "workgroup": _write_workgroup,
}
