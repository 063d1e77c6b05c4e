"""The picture of the last days and the table beside it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from stats.charts import bar_chart, tickets_per_day


def test_the_days_of_a_zone_and_their_tickets(clock, alice, carol, dora, django_assert_num_queries):
    clock.open("2026-03-01T18:29:00Z", alice)
    late = clock.open("2026-03-01T18:31:00Z", alice)
    clock.move("2026-03-05T10:00:00Z", late, "resolved", carol)
    clock.set("2026-03-10T12:00:00Z")

    with django_assert_num_queries(1):
        chart = tickets_per_day(dora, ZoneInfo("Asia/Kolkata"))

    assert [row.day for row in chart.rows][::13] == [date(2026, 2, 25), date(2026, 3, 10)]
    assert {row.day: row.values for row in chart.rows if any(row.values)} == {
        date(2026, 3, 1): [1, 0],
        date(2026, 3, 2): [1, 0],
        date(2026, 3, 5): [0, 1],
    }


@pytest.mark.parametrize("language", ["en", "de", "zh-hans"])
def test_the_picture_is_sound_and_needs_no_inline_style(language):
    values = {date(2026, 3, day): [day * 1000, day] for day in range(1, 15)}
    chart = bar_chart("x", "Title", [("created", "Created"), ("resolved", "Resolved")], values)

    with translation.override(language):
        html = render_to_string("stats/chart.html", {"chart": chart})

    [svg] = re.findall(r"<svg.*</svg>", html, re.DOTALL)
    picture = ET.fromstring(svg)
    assert len(picture.findall("rect")) == 28
    for rect in picture.findall("rect"):
        bottom = float(rect.get("y")) + float(rect.get("height"))
        assert bottom == pytest.approx(chart.floor, abs=0.2)
        assert float(rect.get("y")) >= 0
        assert float(rect.get("x")) + float(rect.get("width")) <= chart.width
    assert "style=" not in html
    assert html.count("<tr>") == 15


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (10, 10), (11, 20), (61, 100), (1000, 1000)],
)
def test_the_axis_ends_at_a_round_number(highest, top):
    chart = bar_chart("x", "Title", [("created", "Created")], {date(2026, 3, 1): [highest]})

    assert [line.number for line in chart.lines] == [0, top // 2, top]


def test_days_without_tickets_are_an_empty_picture(clock, dora):
    clock.set(datetime(2026, 3, 10, tzinfo=UTC))

    chart = tickets_per_day(dora)

    assert chart.is_empty
    assert "Nothing happened" in render_to_string("stats/chart.html", {"chart": chart})
