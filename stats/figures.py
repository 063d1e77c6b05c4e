"""The figures of docs/statistics.md, worked out by the database from events and messages.

Every function takes the boundaries of adjacent buckets and answers for all of them at once, so a
year by days costs as many queries as a single day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, QuerySet

from accounts.models import User
from messaging.models import Message
from stats.buckets import BucketOf
from tickets.lifecycle import CloseReason, Status
from tickets.models import Ticket, TicketEvent

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

Verb = TicketEvent.Verb

BACKLOG = (Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD)
# The events that change the status.
MOVES = (Verb.CREATED, Verb.STATUS, Verb.RESOLVED, Verb.REOPENED, Verb.CLOSED)
PERCENTILES = (50, 90, 95)


@dataclass
class Summary:
    """Durations in seconds. Percentiles are by nearest rank: one of the durations itself."""

    count: int = 0
    sum: int = 0
    mean: float | None = None
    p50: int | None = None
    p90: int | None = None
    p95: int | None = None


@dataclass
class Figures:
    """All figures of one bucket."""

    tickets_created: int = 0
    tickets_resolved: int = 0
    tickets_reopened: int = 0
    tickets_closed: int = 0
    tickets_merged: int = 0
    tickets_spam: int = 0
    backlog: dict[str, int] = field(default_factory=dict)
    messages_in: int = 0
    messages_out: int = 0
    notes: int = 0
    first_response_seconds: Summary = field(default_factory=Summary)
    first_resolution_seconds: Summary = field(default_factory=Summary)
    full_resolution_seconds: Summary = field(default_factory=Summary)

    def add(self, name: str, count: int) -> None:
        setattr(self, name, getattr(self, name) + count)


@dataclass(frozen=True)
class Subject:
    """What is counted: the tickets that the caller sees and asks for, and their messages."""

    tickets: QuerySet[Ticket]
    messages: QuerySet[Message]

    @classmethod
    def of(cls, user: User | AnonymousUser, tickets: QuerySet[Ticket] | None = None) -> Subject:
        """Return all that `user` sees, or those of their `tickets` and what was written there."""
        messages = Message.objects.visible_to(user).order_by()
        if tickets is None:
            return cls(Ticket.objects.visible_to(user).order_by(), messages)
        tickets = tickets.order_by()
        theirs = Exists(tickets.filter(pk=OuterRef("conversation__ticket_id")))
        return cls(tickets, messages.filter(theirs))

    def events(self, **conditions: Any) -> QuerySet[TicketEvent]:
        events = TicketEvent.objects.filter(**conditions).order_by()
        # Correlated, so that the period leads through its index, not all the tickets there are.
        return events.filter(Exists(self.tickets.filter(pk=OuterRef("ticket_id"))))


def figures(subject: Subject, boundaries: list[datetime]) -> list[Figures]:
    """Return the figures of each bucket, by six queries."""
    buckets = tickets_over_time(subject, boundaries)
    _count_messages(subject, boundaries, buckets)
    _summarise(subject, boundaries, buckets)
    return buckets


def tickets_over_time(subject: Subject, boundaries: list[datetime]) -> list[Figures]:
    """Return the figures of tickets alone, by two queries."""
    buckets = [Figures() for _ in boundaries[1:]]
    _count_tickets(subject, boundaries, buckets)
    return buckets


# --- Tickets ------------------------------------------------------------------------------------


def _count_tickets(subject: Subject, boundaries: list[datetime], buckets: list[Figures]) -> None:
    """Count moves, and from the present backlog go back through them to the earlier ones."""
    changes: list[Counter[str]] = [Counter() for _ in range(len(buckets) + 1)]
    rows = (
        subject.events(verb__in=MOVES, at__gte=boundaries[0])
        .values_list(BucketOf("at", boundaries), "verb", "detail", "old", "new")
        .annotate(rows=Count("pk"))
    )
    for bucket, verb, detail, old, new, count in rows:
        changes[bucket].update({new: count})
        changes[bucket].subtract({old: count})
        if bucket < len(buckets):
            name = _figure_of(verb, detail)
            if name:
                buckets[bucket].add(name, count)
    _walk_back(_present_backlog(subject), changes, buckets)


def _figure_of(verb: str, detail: str) -> str | None:
    """Return which figure an event counts in; merged tickets and spam are no work that was done."""
    if verb == Verb.CLOSED and detail in {CloseReason.MERGED, CloseReason.SPAM}:
        return f"tickets_{detail}"
    return _FIGURES.get(verb)


_FIGURES: dict[str, str] = {
    Verb.CREATED: "tickets_created",
    Verb.RESOLVED: "tickets_resolved",
    Verb.REOPENED: "tickets_reopened",
    Verb.CLOSED: "tickets_closed",
}


def _present_backlog(subject: Subject) -> Counter[str]:
    rows = subject.tickets.filter(status__in=BACKLOG).values_list("status")
    return Counter(dict(rows.annotate(rows=Count("pk"))))


def _walk_back(present: Counter[str], changes: list[Counter[str]], buckets: list[Figures]) -> None:
    standing = present
    for bucket, later in zip(reversed(buckets), reversed(changes), strict=False):
        standing.subtract(later)
        by_status = {str(status): standing[status] for status in BACKLOG}
        bucket.backlog = {"total": sum(by_status.values()), **by_status}


# --- Messages -----------------------------------------------------------------------------------


def _count_messages(subject: Subject, boundaries: list[datetime], buckets: list[Figures]) -> None:
    rows = (
        subject.messages.filter(
            created_at__gte=boundaries[0], created_at__lt=boundaries[-1], author__isnull=False
        )
        .values_list(BucketOf("created_at", boundaries), "internal", "from_team")
        .annotate(rows=Count("pk"))
    )
    for bucket, internal, from_team, count in rows:
        name = "notes" if internal else "messages_out" if from_team else "messages_in"
        buckets[bucket].add(name, count)


# --- Durations ----------------------------------------------------------------------------------


def _summarise(subject: Subject, boundaries: list[datetime], buckets: list[Figures]) -> None:
    in_period = {"at__gte": boundaries[0], "at__lt": boundaries[-1]}
    responses = subject.events(verb=Verb.FIRST_RESPONSE, **in_period)
    resolutions = subject.events(verb=Verb.RESOLVED, **in_period)
    for name, events in (
        ("first_response_seconds", responses),
        ("first_resolution_seconds", resolutions.filter(at=F("ticket__first_resolved_at"))),
        ("full_resolution_seconds", resolutions.filter(at=F("ticket__resolved_at"))),
    ):
        for bucket, summary in _summaries(events, boundaries):
            setattr(buckets[bucket], name, summary)


def _summaries(
    events: QuerySet[TicketEvent], boundaries: list[datetime]
) -> Iterable[tuple[int, Summary]]:
    """Return the summary of each bucket that has any durations."""
    for bucket, count, total, *percentiles in _summed(events, boundaries):
        yield bucket, Summary(count, int(total), round(int(total) / count, 1), *percentiles)


# By hand, because the ORM would repeat the long expression of the bucket in every window. SQLite
# has no percentiles, so the rows are ranked, in whole numbers so that both databases round alike.
_SUMMED = """
    SELECT bucket, count, total, {percentiles} FROM (
        SELECT bucket, seconds,
            ROW_NUMBER() OVER (PARTITION BY bucket ORDER BY seconds) AS rank,
            COUNT(*) OVER (PARTITION BY bucket) AS count,
            SUM(seconds) OVER (PARTITION BY bucket) AS total
        FROM ({events}) AS durations
    ) AS ranked
    WHERE rank IN ({ranks})
    GROUP BY bucket, count, total
"""
_RANKS = [f"(count * {percent} + 99) / 100" for percent in PERCENTILES]
_WORDS = {
    "ranks": ", ".join(_RANKS),
    "percentiles": ", ".join(f"MAX(seconds) FILTER (WHERE rank = {rank})" for rank in _RANKS),
}


def _summed(events: QuerySet[TicketEvent], boundaries: list[datetime]) -> list[tuple[Any, ...]]:
    rows = events.annotate(bucket=BucketOf("at", boundaries)).values("bucket", "seconds")
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SUMMED.format(events=sql, **_WORDS), params)
        return cursor.fetchall()
