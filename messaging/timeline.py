"""One ticket as people read it: its content, what was said, what was done, in order."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.models import User, Workgroup
from messaging.models import Message
from records.markup import render
from tickets.models import Ticket, TicketEvent

Verb = TicketEvent.Verb
# These say nothing that the entries beside them do not say.
_SILENT_VERBS = [Verb.CREATED, Verb.FIRST_RESPONSE]


@dataclass(frozen=True)
class Entry:
    """One line or bubble. `kind` is content, message or event; `author` None is the system."""

    kind: str
    at: datetime
    author: User | None
    message: Message | None = None
    event: TicketEvent | None = None
    text: str = ""

    @property
    def html(self) -> SafeString:
        return mark_safe(render(self.text).html)  # noqa: S308 (nh3 made it clean)

    @property
    def internal(self) -> bool:
        return self.message is not None and self.message.internal

    @property
    def recalled(self) -> bool:
        return self.message is not None and self.message.recalled_at is not None


def of_ticket(ticket: Ticket, viewer: User) -> list[Entry]:
    """Return what `viewer` may read of a ticket that they see, in at most five queries.

    Messages stand in the order of their numbers, events in that of their making. The text of an
    event is a sentence without its subject: “set the priority to High”.
    """
    first = Entry("content", ticket.created_at, ticket.requester, text=ticket.content)
    later = heapq.merge(_messages(ticket, viewer), _events(ticket, viewer), key=attrgetter("at"))
    return [first, *later]


def _messages(ticket: Ticket, viewer: User) -> Iterator[Entry]:
    messages = Message.objects.as_seen_by(viewer).filter(conversation__ticket=ticket)
    for message in messages.select_related("author").order_by("seq"):
        yield entry_of(message)


def entry_of(message: Message) -> Entry:
    """Return a message as an entry, without its words once they are recalled."""
    text = message.readable_content
    return Entry("message", message.created_at, message.author, message=message, text=text)


def _events(ticket: Ticket, viewer: User) -> list[Entry]:
    events = TicketEvent.objects.visible_to(viewer).filter(ticket=ticket)
    rows = list(events.exclude(verb__in=_SILENT_VERBS).select_related("actor").order_by("id"))
    names = Names.of(rows)
    return [
        Entry("event", event.at, event.actor, event=event, text=sentence(event, names))
        for event in rows
    ]


@dataclass(frozen=True)
class Names:
    """The names behind the ids of history rows, read at once."""

    people: dict[str, str]
    workgroups: dict[str, str]

    @classmethod
    def of(cls, events: Collection[TicketEvent]) -> Names:
        people = _ids_in(events, "assignee", "requester")
        workgroups = _ids_in(events, "workgroup")
        return cls(
            {str(user.pk): str(user) for user in User.objects.filter(pk__in=people)},
            {str(group.pk): group.name for group in Workgroup.objects.filter(pk__in=workgroups)},
        )


def _ids_in(events: Collection[TicketEvent], *fields: str) -> set[str]:
    touched = [event for event in events if event.field in fields]
    return {pk for event in touched for pk in (event.old, event.new) if pk}


def sentence(event: TicketEvent, names: Names) -> str:
    """Return what was done, to stand after the name of who did it."""
    if event.verb == Verb.ASSIGNED:
        return _assignment(event, names)
    if event.verb == Verb.WORKGROUP:
        name = names.workgroups.get(event.new)
        if name is None:
            return _("took the ticket out of its workgroup")
        return _("gave the ticket to the workgroup %(name)s") % {"name": name}
    if event.verb == Verb.PRIORITY:
        label = Ticket.Priority(event.new).label
        return _("set the priority to %(priority)s") % {"priority": label}
    if event.verb == Verb.TAGS:
        tags = event.new or "–"
        return _("set the tags to %(tags)s") % {"tags": tags}
    if event.verb == Verb.EDITED:
        return _edit(event, names)
    if event.field == "status":
        return _move(event)
    return {
        Verb.DELETED.value: _("deleted the ticket"),
        Verb.RESTORED.value: _("restored the ticket"),
        Verb.CREATED.value: _("opened the ticket"),
        Verb.FIRST_RESPONSE.value: _("answered for the first time"),
    }.get(event.verb, event.verb)


def _assignment(event: TicketEvent, names: Names) -> str:
    if not event.new:
        return _("put the ticket back into the queue")
    if event.new == str(event.actor_id):
        return _("took the ticket")
    name = names.people.get(event.new, event.new)
    return _("assigned the ticket to %(name)s") % {"name": name}


def _edit(event: TicketEvent, names: Names) -> str:
    if event.field == "requester":
        name = names.people.get(event.new, event.new)
        return _("made %(name)s the requester") % {"name": name}
    label = str(Ticket._meta.get_field(event.field).verbose_name)  # type: ignore[union-attr]
    return _("edited the %(field)s") % {"field": label}


def _move(event: TicketEvent) -> str:
    if event.verb == Verb.RESOLVED:
        return _("resolved the ticket")
    if event.verb == Verb.REOPENED:
        return _("reopened the ticket")
    if event.verb == Verb.CLOSED and event.detail:
        reason = Ticket.CloseReason(event.detail).label
        return _("closed the ticket (%(reason)s)") % {"reason": reason}
    label = Ticket.Status(event.new).label
    return _("set the status to %(status)s") % {"status": label}
