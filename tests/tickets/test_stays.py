"""Each move says when the old status began, and in which class of lengths its stay was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.actor import Actor
from tickets.models import Ticket
from tickets.models.event import stay_of

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def moved(alice, carol, dora, monkeypatch):
    """Return a ticket that was open for an hour, pending for two days, on hold for 20, and more."""
    ticket = Ticket.objects.open_for(
        by=Actor(alice), title="Help", content="Please", created_at=START
    )
    for hours, status in ((1, "open"), (49, "pending"), (529, "open"), (530, "resolved")):
        monkeypatch.setattr(timezone, "now", lambda hours=hours: START + timedelta(hours=hours))
        ticket.move_to(status, by=Actor(dora))
    monkeypatch.setattr(timezone, "now", lambda: START + timedelta(hours=600))
    ticket.edit(by=Actor(dora), priority="high")
    ticket.move_to("open", by=Actor(dora))
    return ticket


def stays(ticket):
    moves = ticket.events.filter(field="status").order_by("pk")
    hours = [each.since and (each.since - START) / timedelta(hours=1) for each in moves]
    return list(zip(hours, [each.stay for each in moves], strict=True))


# Of what was resolved no class is kept: it is in no backlog.
STAYS = [(None, None), (0, 0), (1, 1), (49, 3), (529, 0), (530, None)]


def test_each_move_says_how_long_the_old_status_had_lasted(moved):
    assert stays(moved) == STAYS


def test_a_clock_that_is_behind_ends_no_stay_before_it_began(moved, dora, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: START)

    moved.move_to("pending", by=Actor(dora))

    last = moved.events.filter(field="status").latest("pk")
    assert (last.at, last.since, last.stay) == (moved.status_changed_at, last.at, 0)


@pytest.mark.parametrize(
    ("stay", "expected"),
    [
        (timedelta(0), 0),
        (timedelta(days=1, microseconds=-1), 0),
        (timedelta(days=1), 1),
        (timedelta(days=4), 2),
        (timedelta(days=16), 3),
        (timedelta(days=365 * 100), 8),
    ],
)
def test_a_class_is_four_times_as_long_as_the_one_before(stay, expected):
    assert stay_of(START, START + stay) == expected
