"""Days, hours, weeks and months as the clocks of a zone have them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from stats.periods import MOST_BUCKETS, Period, TooManyBuckets, midnight


def days(zone, first, after):
    zone = ZoneInfo(zone)
    return Period(
        midnight(date.fromisoformat(first), zone), midnight(date.fromisoformat(after), zone), zone
    )


def hours_long(boundaries):
    return [(end - start) / timedelta(hours=1) for start, end in pairwise(boundaries)]


@pytest.mark.parametrize(
    ("zone", "first", "after", "hours"),
    [
        ("UTC", "2026-03-28", "2026-03-31", [24, 24, 24]),
        ("Europe/Berlin", "2026-03-28", "2026-03-31", [24, 23, 24]),
        ("Europe/Berlin", "2026-10-24", "2026-10-27", [24, 25, 24]),
        ("Asia/Kolkata", "2026-03-28", "2026-03-31", [24, 24, 24]),
        # Here the clocks skip midnight itself.
        ("Asia/Beirut", "2026-03-28", "2026-03-31", [24, 23, 24]),
        ("America/Havana", "2026-10-31", "2026-11-03", [24, 25, 24]),
        # A whole day that was never there.
        ("Pacific/Apia", "2011-12-29", "2012-01-01", [24, 24]),
    ],
)
def test_days_last_as_long_as_the_clocks_say(zone, first, after, hours):
    boundaries = days(zone, first, after).boundaries("day")

    assert hours_long(boundaries) == hours


def test_a_day_in_kolkata_begins_at_half_past_six_in_the_evening_of_utc():
    boundaries = days("Asia/Kolkata", "2026-01-01", "2026-01-02").boundaries("day")

    assert boundaries[0] == datetime(2025, 12, 31, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [
        ("UTC", "2026-03-29", 24),
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Asia/Kathmandu", "2026-03-29", 24),
    ],
)
def test_hours_are_full_hours_of_the_local_clock(zone, day, count):
    period = days(zone, day, str(date.fromisoformat(day) + timedelta(days=1)))

    boundaries = period.boundaries("hour")

    assert hours_long(boundaries) == [1] * count
    assert {moment.astimezone(period.zone).minute for moment in boundaries} == {0}


@pytest.mark.parametrize("day", ["2026-04-05", "2026-10-04"])
def test_clocks_that_move_by_half_an_hour_still_give_full_hours(day):
    period = days("Australia/Lord_Howe", day, str(date.fromisoformat(day) + timedelta(days=1)))

    boundaries = period.boundaries("hour")

    assert {moment.astimezone(period.zone).minute for moment in boundaries} == {0}
    assert boundaries == sorted(set(boundaries))


def test_weeks_begin_on_monday_and_are_cut_where_the_period_is():
    boundaries = days("UTC", "2026-01-01", "2026-01-14").boundaries("week")

    assert [str(moment.date()) for moment in boundaries] == [
        "2026-01-01",
        "2026-01-05",
        "2026-01-12",
        "2026-01-14",
    ]


def test_months_begin_on_the_first():
    boundaries = days("UTC", "2025-12-15", "2026-04-01").boundaries("month")

    assert [str(moment.date()) for moment in boundaries] == [
        "2025-12-15",
        "2026-01-01",
        "2026-02-01",
        "2026-03-01",
        "2026-04-01",
    ]


def test_the_period_before_counts_days_not_hours():
    period = days("Europe/Berlin", "2026-03-29", "2026-03-30")

    before = period.before()

    assert before == days("Europe/Berlin", "2026-03-28", "2026-03-29")
    assert before.end - before.start == timedelta(hours=24)


def test_the_period_before_any_moment_is_as_long():
    start = datetime(2026, 1, 1, 10, 30, tzinfo=UTC)
    period = Period(start, start + timedelta(minutes=90), ZoneInfo("UTC"))

    assert period.before().start == start - timedelta(minutes=90)


def test_too_many_buckets_are_refused():
    zone = ZoneInfo("UTC")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    longest = Period(start, start + timedelta(hours=MOST_BUCKETS), zone)
    longer = Period(start, start + timedelta(hours=MOST_BUCKETS + 1), zone)

    assert len(longest.boundaries("hour")) == MOST_BUCKETS + 1
    with pytest.raises(TooManyBuckets):
        longer.boundaries("hour")
