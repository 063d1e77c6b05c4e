"""Periods of time and their buckets, as the clocks of a time zone cut them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MOST_BUCKETS = 2000
EARLIEST, LATEST = date(1970, 1, 2), date(2199, 12, 31)


class TooManyBuckets(ValueError):
    """The period is too long for the size of its buckets."""


@dataclass(frozen=True)
class Period:
    """From `start` to before `end`, both in UTC; `zone` decides where days begin."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    def before(self) -> Period:
        """Return the period of the same length that ends where this one starts.

        Whole days are counted as days, so that a change of the clocks does not shift them.
        """
        first, last = self._local(self.start), self._local(self.end)
        if first.time() == last.time() == time():
            start = midnight(first.date() - (last.date() - first.date()), self.zone)
        else:
            start = self.start - (self.end - self.start)
        return Period(start, self.start, self.zone)

    def boundaries(self, group_by: str) -> list[datetime]:
        """Return the moments that bound the buckets, `start` first and `end` last."""
        moments = [self.start]
        for moment in STEPS[group_by](self):
            if moment >= self.end:
                break
            # A day that a zone skips altogether is no bucket.
            if moment > moments[-1]:
                moments.append(moment)
            if len(moments) > MOST_BUCKETS:
                raise TooManyBuckets
        return [*moments, self.end]

    def label(self, moment: datetime, group_by: str) -> str:
        """Return how the clocks of the zone name the bucket that starts at `moment`."""
        local = self._local(moment)
        return local.isoformat(timespec="minutes") if group_by == "hour" else str(local.date())

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    @property
    def first_day(self) -> date:
        return self._local(self.start).date()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the UTC moment at which `day` begins; where clocks skip midnight, the skip."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _hours(period: Period) -> Iterator[datetime]:
    """Yield the full hours of the local clock, which for +5:30 are half hours of UTC."""
    moment = period.start
    while True:
        moment += timedelta(hours=1)
        local = moment.astimezone(period.zone)
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        moment -= past
        # Where the clocks were moved by half an hour, there was no full hour to go back to.
        if moment.astimezone(period.zone).minute:
            moment += timedelta(hours=1)
        yield moment


def _days(period: Period) -> Iterator[datetime]:
    yield from _midnights(period, lambda day: day + timedelta(days=1))


def _weeks(period: Period) -> Iterator[datetime]:
    yield from _midnights(period, lambda day: day + timedelta(days=7 - day.weekday()))


def _months(period: Period) -> Iterator[datetime]:
    yield from _midnights(period, _first_of_next_month)


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _midnights(period: Period, following: Callable[[date], date]) -> Iterator[datetime]:
    day = period.first_day
    while True:
        day = following(day)
        yield midnight(day, period.zone)


STEPS: dict[str, Callable[[Period], Iterator[datetime]]] = {
    "hour": _hours,
    "day": _days,
    "week": _weeks,
    "month": _months,
}
