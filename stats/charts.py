"""Charts drawn on the server: geometry here, SVG and the table beside it in the template.

Pages include `stats/chart.html` with `chart` and link `stats/chart.css`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from stats.figures import tickets_over_time
from stats.periods import midnight
from stats.subject import Subject

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

WIDTH, HEIGHT = 560, 182
# Space for the numbers at the left and the days below.
LEFT, BOTTOM = 32, 24
SHARE_OF_BARS = 0.72


@dataclass(frozen=True)
class Bar:
    """One rectangle. Positions are texts, so that no locale puts commas into them."""

    series: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Line:
    """A grid line with its number."""

    y: str
    number: int


@dataclass(frozen=True)
class Row:
    """One day: its bars, its position on the axis, and its line in the table."""

    day: date
    values: list[int]
    bars: list[Bar]
    middle: str
    is_named: bool


@dataclass(frozen=True)
class Chart:
    """Bars side by side for each day."""

    name: str
    title: str | Promise
    series: list[tuple[str, str | Promise]]
    rows: list[Row]
    lines: list[Line]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    floor: int = HEIGHT - BOTTOM

    @property
    def is_empty(self) -> bool:
        return not any(value for row in self.rows for value in row.values)


def tickets_per_day(
    user: User | AnonymousUser, zone: ZoneInfo | None = None, *, days: int = 14
) -> Chart:
    """Draw the tickets created and resolved on each of the last days, by at most three queries."""
    zone = zone or ZoneInfo(timezone.get_current_timezone_name())
    today = timezone.localdate(timezone=zone)
    dates = [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    boundaries = [midnight(day, zone) for day in [*dates, today + timedelta(days=1)]]
    found = tickets_over_time(Subject.of(user), boundaries)
    return bar_chart(
        "tickets-per-day",
        _("Tickets per day"),
        [("created", _("Created")), ("resolved", _("Resolved"))],
        {
            day: [each.tickets_created, each.tickets_resolved]
            for day, each in zip(dates, found, strict=True)
        },
    )


def bar_chart(
    name: str,
    title: str | Promise,
    series: list[tuple[str, str | Promise]],
    values: dict[date, list[int]],
) -> Chart:
    """Lay out one group of bars for each day."""
    top = _round_top(max((value for row in values.values() for value in row), default=0))
    step = (WIDTH - LEFT) / max(1, len(values))
    return Chart(
        name=name,
        title=title,
        series=series,
        rows=[
            Row(
                day=day,
                values=row,
                bars=_bars(series, row, LEFT + step * index, step, top),
                middle=_text(LEFT + step * (index + 0.5)),
                # The last day is named, and before it every second one.
                is_named=(len(values) - 1 - index) % 2 == 0,
            )
            for index, (day, row) in enumerate(values.items())
        ],
        lines=[Line(_text(_height_at(number, top)), number) for number in (0, top // 2, top)],
    )


def _bars(
    series: list[tuple[str, str | Promise]], values: list[int], x: float, step: float, top: int
) -> list[Bar]:
    """Return the bars of one day, in the middle of its step on the axis."""
    width = step * SHARE_OF_BARS / len(series)
    x += step * (1 - SHARE_OF_BARS) / 2
    return [
        Bar(
            series=key,
            x=_text(x + width * index),
            y=_text(_height_at(value, top)),
            width=_text(width - 1),
            height=_text(HEIGHT - BOTTOM - _height_at(value, top)),
        )
        for index, ((key, _label), value) in enumerate(zip(series, values, strict=True))
        if value
    ]


def _round_top(highest: int) -> int:
    """Return the number at the top of the axis: 1, 2, 4 or 6 times a power of ten."""
    if highest <= 2:
        return 2
    power = 10 ** int(math.log10(highest))
    return next(step * power for step in (1, 2, 4, 6, 10) if step * power >= highest)


def _height_at(number: float, top: int) -> float:
    floor = HEIGHT - BOTTOM
    # A little air above the highest bar, for its number.
    return floor - (floor - 8) * number / top


def _text(position: float) -> str:
    return f"{position:.1f}"
