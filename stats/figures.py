"""The figures of docs/statistics.md, worked out by the database from events and messages.

What they cost depends on what happened in the period, and on the backlog at its end: nothing that
came before or after is read (docs/decisions/0022). Every function takes the boundaries of adjacent
buckets and answers for all of them at once, so a year by days costs as many queries as one day.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet

from stats import buckets
from stats.buckets import Figure
from stats.durations import Summary, SummedUp
from stats.subject import Counted, Subject
from tickets.lifecycle import CloseReason, Status
from tickets.models import TicketEvent

Verb = TicketEvent.Verb

BACKLOG = (Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD)
# Closed, but no work that was done.
NO_WORK = (CloseReason.MERGED, CloseReason.SPAM)
DURATIONS = ("first_response_seconds", "first_resolution_seconds", "full_resolution_seconds")


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


def figures(subject: Subject, boundaries: list[datetime]) -> list[Figures]:
    """Return the figures of each bucket, by at most four queries."""
    counted = Counted(subject, boundaries[0], boundaries[-1])
    wanted = _of_tickets(counted) | _of_messages(counted) | _durations(counted)
    if len(boundaries) > 2:
        wanted |= _moves(counted)
    rows = buckets.read(wanted, boundaries, counted.sets)
    backlogs = _backlogs(_backlog_at(subject, boundaries[-1]), rows)
    return [_figures(row, backlog) for row, backlog in zip(rows, backlogs, strict=True)]


def tickets_over_time(subject: Subject, boundaries: list[datetime]) -> list[Figures]:
    """Return how many tickets came and went, by at most three queries."""
    counted = Counted(subject, boundaries[0], boundaries[-1])
    rows = buckets.read(_of_tickets(counted), boundaries, counted.sets)
    return [Figures(**row) for row in rows]


def _figures(row: dict[str, Any], backlog: dict[str, int]) -> Figures:
    values = {each.name: row[each.name] for each in fields(Figures) if each.name in row}
    for name in DURATIONS:
        values[name] = Summary.read(values[name])
    return Figures(**values, backlog={"total": sum(backlog.values()), **backlog})


def _of_tickets(counted: Counted) -> dict[str, Figure]:
    closed = counted.events(verb=Verb.CLOSED)
    events = {
        "tickets_created": counted.events(verb=Verb.CREATED),
        "tickets_resolved": counted.events(verb=Verb.RESOLVED),
        "tickets_reopened": counted.events(verb=Verb.REOPENED),
        "tickets_closed": closed.exclude(detail__in=NO_WORK),
        **{f"tickets_{reason}": closed.filter(detail=reason) for reason in NO_WORK},
    }
    return {name: Figure(rows, "at") for name, rows in events.items()}


def _of_messages(counted: Counted) -> dict[str, Figure]:
    messages = {
        "messages_in": counted.messages(internal=False, from_team=False),
        "messages_out": counted.messages(internal=False, from_team=True),
        "notes": counted.messages(internal=True),
    }
    return {name: Figure(rows, "created_at") for name, rows in messages.items()}


def _durations(counted: Counted) -> dict[str, Figure]:
    resolved = counted.events(verb=Verb.RESOLVED)
    events = (
        counted.events(verb=Verb.FIRST_RESPONSE),
        resolved.filter(at=F("ticket__first_resolved_at")),
        resolved.filter(at=F("ticket__resolved_at")),
    )
    return {
        name: Figure(rows, "at", SummedUp("seconds"))
        for name, rows in zip(DURATIONS, events, strict=True)
    }


# --- Backlog ------------------------------------------------------------------------------------


def _backlog_at(subject: Subject, moment: datetime) -> dict[str, int]:
    """Count those who have been in a status since before the moment, and who left it later."""
    still = subject.tickets.filter(status__in=BACKLOG, status_changed_at__lt=moment)
    left = subject.among(TicketEvent.objects.ending_stays_at(moment).order_by())
    found = Counter[str]()
    for status, count in _by("status", still).union(_by("old", left), all=True):
        found[status] += count
    return {str(status): found[status] for status in BACKLOG}


def _by(column: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.values_list(column).annotate(rows=Count("pk"))


def _moves(counted: Counted) -> dict[str, Figure]:
    """Return how many tickets came into each status of the backlog, and how many left it."""
    return {
        f"{side}_{status}": Figure(
            counted.events(verb__in=TicketEvent.MOVES, **{side: status}), "at"
        )
        for status in BACKLOG
        for side in ("new", "old")
    }


def _backlogs(at_end: dict[str, int], rows: list[dict[str, Any]]) -> list[dict[str, int]]:
    """Return the backlog at the end of each bucket, by going back from the last through moves."""
    found = [at_end]
    for later in reversed(rows[1:]):
        found.append({
            status: count - later[f"new_{status}"] + later[f"old_{status}"]
            for status, count in found[-1].items()
        })  # fmt: skip
    return found[::-1]
