"""Which tickets the list shows, in which order, page by page; and what a row says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from messaging.models import Message, Participant
from records.rendered import LARGE
from records.text import LONGEST_SEARCH
from tickets.models import Ticket, TicketQuerySet

PAGE_SIZE = 30
TABS = {"mine": _("Mine"), "unassigned": _("Unassigned"), "all": _("All")}
ACTIVE, ANY = "active", "any"
FILTERS = {
    ACTIVE: pgettext_lazy("tickets", "Active"),
    **dict(Ticket.Status.choices),
    ANY: _("Every status"),
}
_SALT = "workstation.ticket_list"


@dataclass(frozen=True)
class ListQuery:
    """What somebody chose to see: a tab, a status, words. It stands in the address."""

    tab: str = "mine"
    status: str = ACTIVE
    words: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> ListQuery:
        """Read an address; what it does not know becomes the default."""
        tab, status = parameters.get("tab", ""), parameters.get("status", "")
        return cls(
            tab=tab if tab in TABS else "mine",
            status=status if status in FILTERS else ACTIVE,
            words=parameters.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH],
        )

    @property
    def as_parameters(self) -> QueryDict:
        """Return what differs from the default, as it stands in an address."""
        parameters = QueryDict(mutable=True)
        if self.tab != "mine":
            parameters["tab"] = self.tab
        if self.status != ACTIVE:
            parameters["status"] = self.status
        if self.words:
            parameters["q"] = self.words
        return parameters

    @property
    def query_string(self) -> str:
        """Return the same with a question mark before it, or ""."""
        parameters = self.as_parameters
        return f"?{parameters.urlencode()}" if parameters else ""

    def with_tab(self, tab: str) -> ListQuery:
        return replace(self, tab=tab)

    @property
    def everywhere(self) -> ListQuery:
        """Return the same words looked for in every ticket."""
        return ListQuery(tab="all", status=ANY, words=self.words)

    def apply(self, tickets: TicketQuerySet, user: User) -> TicketQuerySet:
        if self.tab == "mine":
            tickets = tickets.mine(user)
        elif self.tab == "unassigned":
            tickets = tickets.unassigned()
        if self.status == ACTIVE:
            tickets = tickets.unresolved()
        elif self.status != ANY:
            tickets = tickets.filter(status=self.status)
        return tickets.matching(self.words) if self.words else tickets


@dataclass(frozen=True)
class Cursor:
    """A row of the list, after which the next page begins."""

    pk: int
    waiting_since: datetime | None

    @classmethod
    def of(cls, ticket: Ticket) -> Cursor:
        return cls(ticket.pk, ticket.waiting_since)

    def sign(self) -> str:
        waiting = self.waiting_since.isoformat() if self.waiting_since else ""
        return signing.dumps([self.pk, waiting], salt=_SALT)

    @classmethod
    def read(cls, signed: str) -> Cursor | None:
        """Return a cursor that `sign` wrote; None, which is the top, for anything else."""
        try:
            pk, waiting = signing.loads(signed, salt=_SALT)
        except signing.BadSignature:
            return None
        return cls(pk, parse_datetime(waiting) if waiting else None)


@dataclass(frozen=True)
class Page:
    tickets: list[Ticket]
    next: str


def page_after(tickets: TicketQuerySet, cursor: Cursor | None) -> Page:
    """Return the tickets that follow `cursor`: who waits longest comes first, then the newest.

    Two plain ranges, each along an index, instead of one order that no index has.
    """
    size, tickets = PAGE_SIZE + 1, tickets.defer(*LARGE)
    rows = _waiting(tickets, cursor, size)
    if len(rows) < size:
        rows += _not_waiting(tickets, cursor, size - len(rows))
    shown = rows[:PAGE_SIZE]
    return Page(shown, Cursor.of(shown[-1]).sign() if len(rows) > PAGE_SIZE else "")


def _waiting(tickets: TicketQuerySet, cursor: Cursor | None, size: int) -> list[Ticket]:
    rows = tickets.filter(waiting_since__isnull=False)
    if cursor is not None:
        if cursor.waiting_since is None:
            return []
        later = Q(waiting_since__gt=cursor.waiting_since)
        rows = rows.filter(later | Q(waiting_since=cursor.waiting_since, pk__gt=cursor.pk))
    return list(rows.order_by("waiting_since", "pk")[:size])


def _not_waiting(tickets: TicketQuerySet, cursor: Cursor | None, size: int) -> list[Ticket]:
    rows = tickets.filter(waiting_since=None)
    if cursor is not None and cursor.waiting_since is None:
        rows = rows.filter(pk__lt=cursor.pk)
    return list(rows.order_by("-pk")[:size])


def count_tabs(user: User) -> dict[str, int]:
    """Return how many active tickets stand under "mine" and "unassigned"."""
    active = Ticket.objects.visible_to(user).unresolved().order_by()
    mine = Q(assignee=user)
    return active.filter(mine | Q(assignee=None)).aggregate(
        mine=Count("pk", filter=mine), unassigned=Count("pk", filter=Q(assignee=None))
    )


@dataclass(frozen=True)
class Row:
    """One ticket in the list. `words` are None where the viewer may not read messages."""

    ticket: Ticket
    words: str | None
    is_own: bool = False
    is_note: bool = False
    is_recalled: bool = False
    unread: int = 0


def rows_of(tickets: Sequence[Ticket], user: User, *, with_messages: bool) -> list[Row]:
    """Return the rows of tickets that `user` sees, with their last words by one query."""
    last = _last_messages(tickets, user) if with_messages else {}
    return [_row(ticket, last.get(ticket.pk), user, with_messages) for ticket in tickets]


def _row(ticket: Ticket, message: Any, user: User, with_messages: bool) -> Row:
    if message is None:
        return Row(ticket, ticket.words if with_messages else None)
    return Row(
        ticket,
        message.words,
        is_own=message.author_id == user.pk,
        is_note=message.internal,
        is_recalled=message.recalled_at is not None,
        unread=max(0, message.seq - (message.read_seq or 0)),
    )


def _last_messages(tickets: Sequence[Ticket], user: User) -> dict[int, Any]:
    mine = Participant.objects.filter(conversation=OuterRef("conversation_id"), user_id=user.pk)
    # The list is the team's: they count by `seq`, notes and all.
    last = Message.objects.as_seen_by(user).filter(
        conversation__ticket__in=[ticket.pk for ticket in tickets],
        seq=F("conversation__last_seq"),
    )
    found = last.defer(*LARGE).annotate(
        ticket_id=F("conversation__ticket_id"), read_seq=Subquery(mine.values("read_seq"))
    )
    return {message.ticket_id: message for message in found}
