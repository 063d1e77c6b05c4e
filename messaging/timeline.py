"""One ticket as people read it: its content, what was said, what was done, in order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.models import User, Workgroup
from messaging.models import Message
from records.ids import LARGEST_ID, is_id
from records.rendered import read_page
from records.templatetags.bidi import bdi
from tickets.models import Ticket, TicketEvent

Verb = TicketEvent.Verb
# These say nothing that the entries beside them do not say.
_SILENT_VERBS = [Verb.CREATED, Verb.FIRST_RESPONSE]
MOST_ENTRIES = 200
_NOTHING = SafeString()


@dataclass(frozen=True)
class Entry:
    """One line or bubble. `kind` is content, message or event; `author` None is the system."""

    kind: str
    at: datetime
    author: User | None
    ticket: Ticket | None = None
    message: Message | None = None
    event: TicketEvent | None = None
    text: str = ""
    # Of an event: the text, in which each name keeps to its own direction.
    sentence: SafeString = _NOTHING

    @property
    def html(self) -> SafeString:
        row = self.message or self.ticket
        return row.safe_html if row else self.sentence

    @property
    def internal(self) -> bool:
        return self.message is not None and self.message.internal

    @property
    def recalled(self) -> bool:
        return self.message is not None and self.message.recalled_at is not None


@dataclass(frozen=True)
class TimelineCursor:
    """A place in the timeline: before this message and this event."""

    seq: int = LARGEST_ID
    event_id: int = LARGEST_ID

    @classmethod
    def read(cls, text: str) -> TimelineCursor:
        """Return the place that `str` wrote; the end of the timeline for anything else."""
        seq, _dash, event_id = text.partition("-")
        return cls(int(seq), int(event_id)) if is_id(seq) and is_id(event_id) else cls()

    def before(self, entry: Entry) -> TimelineCursor:
        if entry.message:
            return TimelineCursor(entry.message.seq, self.event_id)
        return TimelineCursor(self.seq, entry.event.pk) if entry.event else self

    def __str__(self) -> str:
        return f"{self.seq}-{self.event_id}"


@dataclass(frozen=True)
class Timeline:
    """A part of it, in order. Where more stands before, `earlier` is the place to go on from."""

    entries: list[Entry]
    earlier: str = ""
    # The newest of them, also those before the first entry.
    events: Collection[Entry] = ()


def of_ticket(
    ticket: Ticket,
    viewer: User,
    *,
    before: str = "",
    most: int = MOST_ENTRIES,
    with_messages: bool = True,
) -> Timeline:
    """Return the newest that `viewer` may read of a ticket that they see, in five queries.

    Long texts cost one more, and leave less room. Messages stand in the order of their numbers,
    events in that of their making. The text of an event is a sentence without its subject: “set
    the priority to High”.
    """
    cursor = TimelineCursor.read(before)
    said, was_cut = _said(ticket, viewer, cursor, most + 1) if with_messages else ([], False)
    done = _done(ticket, viewer, cursor, most + 1)
    # Backwards; of a message and an event of one moment the message comes first.
    merged = list(heapq.merge(done, said, key=attrgetter("at"), reverse=True))
    if was_cut:
        # What stands behind the oldest message that was read may stand behind an older one.
        merged = merged[: merged.index(said[-1]) + 1]
    entries = merged[:most]
    for entry in entries:
        cursor = cursor.before(entry)
    if was_cut or len(entries) < len(merged):
        return Timeline(entries[::-1], str(cursor), done)
    first = Entry("content", ticket.created_at, ticket.requester, ticket, text=ticket.content)
    return Timeline([first, *entries[::-1]], events=done)


def _said(
    ticket: Ticket, viewer: User, cursor: TimelineCursor, most: int
) -> tuple[list[Entry], bool]:
    messages = Message.objects.as_seen_by(viewer).filter(conversation__ticket=ticket)
    newest = messages.filter(seq__lt=cursor.seq).select_related("author").order_by("-seq")
    rows, was_cut = read_page(newest, most)
    return [entry_of(message) for message in rows], was_cut


def entry_of(message: Message) -> Entry:
    """Return a message as an entry, without its words once they are recalled."""
    text = message.readable_content
    return Entry("message", message.created_at, message.author, message=message, text=text)


def newest_events(ticket: Ticket, viewer: User, most: int) -> list[Entry]:
    return _done(ticket, viewer, TimelineCursor(), most)


def _done(ticket: Ticket, viewer: User, cursor: TimelineCursor, most: int) -> list[Entry]:
    events = TicketEvent.objects.visible_to(viewer).filter(ticket=ticket, pk__lt=cursor.event_id)
    newest = events.exclude(verb__in=_SILENT_VERBS).select_related("actor").order_by("-id")
    rows = list(newest[:most])
    names = Names.of(rows)
    return [_entry_of(event, names) for event in rows]


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


def _entry_of(event: TicketEvent, names: Names) -> Entry:
    safe = mark_safe(sentence(event, names, bdi))  # noqa: S308 (what people typed is escaped)
    text = sentence(event, names)
    return Entry("event", event.at, event.actor, event=event, text=text, sentence=safe)


def sentence(event: TicketEvent, names: Names, show: Callable[[str], str] = str) -> str:
    """Return what was done, to stand after the name of who did it.

    `show` is how what people typed stands in it.
    """
    if event.verb == Verb.ASSIGNED:
        return _assignment(event, names, show)
    if event.verb == Verb.WORKGROUP:
        name = names.workgroups.get(event.new)
        if name is None:
            return _("took the ticket out of its workgroup")
        return _("gave the ticket to the workgroup %(name)s") % {"name": show(name)}
    if event.verb == Verb.PRIORITY:
        label = Ticket.Priority(event.new).label
        return _("set the priority to %(priority)s") % {"priority": label}
    if event.verb == Verb.TAGS:
        return _("set the tags to %(tags)s") % {"tags": show(event.new or "–")}
    if event.verb == Verb.EDITED:
        return _edit(event, names, show)
    if event.field == "status":
        return _move(event)
    return {
        Verb.DELETED.value: _("deleted the ticket"),
        Verb.RESTORED.value: _("restored the ticket"),
        Verb.CREATED.value: _("opened the ticket"),
        Verb.FIRST_RESPONSE.value: _("answered for the first time"),
    }.get(event.verb, event.verb)


def _assignment(event: TicketEvent, names: Names, show: Callable[[str], str]) -> str:
    if not event.new:
        return _("put the ticket back into the queue")
    if event.new == str(event.actor_id):
        return _("took the ticket")
    name = names.people.get(event.new, event.new)
    return _("assigned the ticket to %(name)s") % {"name": show(name)}


def _edit(event: TicketEvent, names: Names, show: Callable[[str], str]) -> str:
    if event.field == "requester":
        name = names.people.get(event.new, event.new)
        return _("made %(name)s the requester") % {"name": show(name)}
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
