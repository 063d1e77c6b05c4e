"""What the pane of one ticket shows: its timeline, its moves, its customer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User, Workgroup
from messaging import timeline
from messaging.models import Conversation
from messaging.timeline import Entry
from records.rendered import LARGE
from tickets.models import Ticket
from workstation.permissions import Permissions

SHOWN_AT_ONCE = 60
SAME_BREATH = timedelta(minutes=5)
OTHER_TICKETS = 6
MOST_HISTORY = 20


@dataclass
class Group:
    """What one person wrote in one breath, or the lines of what was done in it."""

    kind: str  # "talk", "note" or "events"
    author: User | None
    entries: list[Entry] = field(default_factory=list)
    # The day begins here: draw a line with its date.
    day: date | None = None
    from_requester: bool = False

    @property
    def at(self) -> datetime:
        return self.entries[0].at


def grouped(entries: Iterable[Entry], ticket: Ticket) -> list[Group]:
    """Join entries that belong together, and mark where a day begins."""
    groups: list[Group] = []
    day: date | None = None
    for entry in entries:
        today = timezone.localdate(entry.at)
        kind = _kind(entry)
        if today != day or not _continues(groups[-1], entry, kind):
            is_theirs = entry.author is not None and entry.author.pk == ticket.requester_id
            groups.append(
                Group(
                    kind, entry.author, day=today if today != day else None,
                    from_requester=is_theirs,
                )
            )  # fmt: skip
        groups[-1].entries.append(entry)
        day = today
    return groups


def _kind(entry: Entry) -> str:
    if entry.kind == "event":
        return "events"
    return "note" if entry.internal else "talk"


def _continues(group: Group, entry: Entry, kind: str) -> bool:
    if group.kind != kind:
        return False
    return kind == "events" or (
        group.author == entry.author and entry.at - group.entries[-1].at < SAME_BREATH
    )


@dataclass
class TicketThread:
    """A ticket as one person of the team sees it. Costs a fixed number of queries."""

    ticket: Ticket
    viewer: User
    may: Permissions
    by: Actor
    # Where an earlier part of the timeline ends; "": the newest part.
    before: str = ""

    def __post_init__(self) -> None:
        self.conversation = self._conversation() if self.may.read_messages else None
        self._part = timeline.of_ticket(
            self.ticket,
            self.viewer,
            before=self.before,
            most=SHOWN_AT_ONCE,
            with_messages=self.may.read_messages,
        )
        self.earlier = self._part.earlier
        self.groups = grouped(self._part.entries, self.ticket)

    def _conversation(self) -> Any:
        mine = Conversation.objects.filter(ticket=self.ticket).with_unread(self.viewer)
        return mine.first()

    @property
    def history(self) -> list[Entry]:
        """Return the newest of what was done."""
        if self.before:
            return timeline.newest_events(self.ticket, self.viewer, MOST_HISTORY)
        return list(self._part.events)[:MOST_HISTORY]

    @property
    def last_seq(self) -> int:
        """Return the number of the last message that the page shows."""
        return self.conversation.last_seq if self.conversation else 0

    @property
    def unread(self) -> int:
        return max(0, self.conversation.unread) if self.conversation else 0

    @property
    def moves(self) -> list[tuple[str, str]]:
        """Return the allowed moves in the order of the life-cycle, as (status, label)."""
        if not self.may.write_tickets:
            return []
        can = self.ticket.allowed_moves(self.by)
        return [(value, str(label)) for value, label in Ticket.Status.choices if value in can]

    @property
    def can_resolve(self) -> bool:
        return "resolved" in dict(self.moves)

    @property
    def can_wait(self) -> bool:
        return "pending" in dict(self.moves)

    @property
    def is_mine(self) -> bool:
        return self.ticket.assignee_id == self.viewer.pk

    @property
    def team(self) -> list[User]:
        """Return who can be given the ticket, the present one among them in any case."""
        if not self.may.read_people:
            people = {self.viewer.pk: self.viewer}
        else:
            people = {user.pk: user for user in User.objects.active().team()}
        if assignee := self.ticket.assignee:
            people.setdefault(assignee.pk, assignee)
        return sorted(people.values(), key=lambda user: str(user).casefold())

    @property
    def workgroups(self) -> list[Workgroup]:
        groups = Workgroup.objects.visible_to(self.viewer)
        if not self.may.read_people:
            groups = groups.filter(pk__in=[self.ticket.workgroup_id])
        return list(groups.order_by("name"))

    @property
    def others(self) -> list[Ticket]:
        """Return the newest other tickets of this customer that the viewer may see."""
        theirs = Ticket.objects.visible_to(self.viewer).filter(requester=self.ticket.requester_id)
        others = theirs.exclude(pk=self.ticket.pk).defer(*LARGE)
        return list(others.order_by("-pk")[:OTHER_TICKETS])
