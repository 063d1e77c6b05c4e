"""/api/statistics, as the team, customers and tokens meet it."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from accounts.models import Workgroup
from configuration.values import assign

OVERVIEW = "/api/statistics/overview"
TIMESERIES = "/api/statistics/timeseries"


@pytest.fixture
def new_year(clock, alice, carol):
    """Alice asks in the last hour of UTC's year and again in the new one."""
    ticket = clock.open("2025-12-31T23:30:00Z", alice)
    clock.write("2026-01-01T00:30:00Z", ticket, carol)
    clock.open("2026-01-01T20:00:00Z", alice)
    clock.stop()
    return ticket


def created(response):
    return {
        point["name"]: point["figures"]["tickets_created"]
        for point in response.json()["points"]
        if point["figures"]["tickets_created"]
    }


def test_an_overview_stands_beside_the_period_before(new_year, carol, as_user):
    response = as_user(carol).get(f"{OVERVIEW}?from=2026-01-01&to=2026-01-01&tz=UTC")

    assert response.status_code == 200
    answer = response.json()
    assert answer["tz"] == "UTC"
    assert answer["period"] == {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    assert answer["period_before"]["start"] == "2025-12-31T00:00:00Z"
    assert answer["figures"]["tickets_created"] == 1
    assert answer["figures_before"]["tickets_created"] == 1
    assert answer["figures"]["first_response_seconds"] == {
        "count": 1,
        "sum": 3600,
        "mean": 3600.0,
        "p50": 3600,
        "p90": 3600,
        "p95": 3600,
    }
    assert answer["figures"]["backlog"] == {
        "total": 2,
        "new": 1,
        "open": 1,
        "pending": 0,
        "on_hold": 0,
    }
    assert answer["figures_before"]["backlog"]["total"] == 1


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", {"2025-12-31": 1, "2026-01-01": 1}),
        ("Asia/Kolkata", {"2026-01-01": 1, "2026-01-02": 1}),
        ("America/New_York", {"2025-12-31": 1, "2026-01-01": 1}),
        ("Pacific/Auckland", {"2026-01-01": 1, "2026-01-02": 1}),
    ],
)
def test_the_time_zone_decides_the_day(new_year, carol, as_user, zone, expected):
    response = as_user(carol).get(f"{TIMESERIES}?from=2025-12-30&to=2026-01-03&tz={zone}")

    assert created(response) == expected
    assert len(response.json()["points"]) == 5


def test_hours_of_kolkata_begin_at_half_hours_of_utc(new_year, carol, as_user):
    response = as_user(carol).get(
        f"{TIMESERIES}?from=2026-01-01&to=2026-01-01&tz=Asia/Kolkata&group_by=hour"
    )

    assert created(response) == {"2026-01-01T05:00+05:30": 1}
    assert response.json()["points"][5]["start"] == "2025-12-31T23:30:00Z"


def test_a_day_of_23_hours_is_one_bucket(clock, alice, carol, as_user):
    # The last minute of the day on which Berlin's clocks go forward, and the first of the next.
    clock.open("2026-03-29T21:59:00Z", alice)
    clock.open("2026-03-29T22:00:00Z", alice)
    clock.stop()

    response = as_user(carol).get(f"{TIMESERIES}?from=2026-03-28&to=2026-03-30&tz=Europe/Berlin")

    assert created(response) == {"2026-03-29": 1, "2026-03-30": 1}
    assert [point["start"] for point in response.json()["points"]] == [
        "2026-03-27T23:00:00Z",
        "2026-03-28T23:00:00Z",
        "2026-03-29T22:00:00Z",
    ]


def test_moments_may_be_given_instead_of_days(new_year, carol, as_user):
    url = f"{OVERVIEW}?from=2025-12-31T23:30:00Z&to=2026-01-01T20:00:00Z&tz=UTC"

    answer = as_user(carol).get(url).json()

    assert answer["figures"]["tickets_created"] == 1
    assert answer["period_before"]["end"] == "2025-12-31T23:30:00Z"


def test_without_parameters_it_is_thirty_days_of_the_callers_own_zone(carol, as_user):
    carol.time_zone = "Asia/Kolkata"
    carol.save()

    answer = as_user(carol).get(TIMESERIES).json()

    assert (answer["tz"], answer["group_by"], len(answer["points"])) == ("Asia/Kolkata", "day", 30)


def test_a_caller_without_a_zone_has_the_one_of_the_site(carol, as_user):
    assign({"default_time_zone": "Asia/Shanghai"}, by=Actor.system())

    assert as_user(carol).get(OVERVIEW).json()["tz"] == "Asia/Shanghai"


def test_figures_of_some_tickets_only(new_year, alice, carol, dora, as_user):
    group = Workgroup.objects.create(name="Billing")
    new_year.refresh_from_db()
    new_year.edit(by=Actor(dora), workgroup=group, assignee=carol, priority="urgent")
    client = as_user(dora)

    def tickets(query):
        answer = client.get(f"{OVERVIEW}?from=2025-12-31&to=2026-01-01&tz=UTC&{query}").json()
        return answer["figures"]["tickets_created"]

    assert tickets(f"workgroup={group.pk}") == 1
    assert tickets(f"workgroup={group.pk},none") == 2
    assert tickets("workgroup=none") == 1
    assert tickets(f"assignee={carol.pk}") == 1
    assert tickets("assignee=me") == 0
    assert tickets("assignee=none&priority=medium") == 1
    assert tickets("priority=urgent,medium") == 2
    assert tickets("channel=email") == 0
    assert tickets("channel=api") == 2


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("from=yesterday", "from", "invalid"),
        ("from=2026-02-30", "from", "invalid"),
        ("from=2026-01-01T25:00:00Z", "from", "invalid"),
        ("from=", "from", "blank"),
        ("tz=", "tz", "blank"),
        ("to=0001-01-01", "to", "out-of-range"),
        ("to=9999-12-31", "to", "out-of-range"),
        ("from=2026-01-02&to=2026-01-01", "to", "out-of-range"),
        ("from=2026-01-01T10:00:00Z&to=2026-01-01T10:00:00Z", "to", "out-of-range"),
        ("tz=Mars/Olympus", "tz", "invalid-time-zone"),
        ("tz=../../etc/passwd", "tz", "invalid-time-zone"),
        ("workgroup=x", "workgroup", "invalid"),
        ("workgroup=me", "workgroup", "invalid"),
        ("workgroup=99999999999999999999", "workgroup", "invalid"),
        ("assignee=-1", "assignee", "invalid"),
        ("priority=enormous", "priority", "invalid-choice"),
        ("channel=fax", "channel", "invalid-choice"),
        ("colour=red", "colour", "unknown-parameter"),
        ("tz=UTC&tz=UTC", "tz", "doubled-parameter"),
    ],
)
@pytest.mark.parametrize("url", [OVERVIEW, TIMESERIES])
def test_a_bad_parameter_is_refused_by_name(carol, as_user, url, query, field, code):
    response = as_user(carol).get(f"{url}?{query}")

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["field"] == field
    assert error["code"] == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("group_by=decade", "invalid-choice"),
        ("group_by=hour&from=2026-01-01&to=2026-12-31", "too-many-buckets"),
        ("group_by=day&from=1970-01-02&to=2199-12-31", "too-many-buckets"),
    ],
)
def test_bad_buckets_are_refused_by_name(carol, as_user, query, code):
    response = as_user(carol).get(f"{TIMESERIES}?{query}")

    assert response.status_code == 400
    assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [("group_by", code)]


def test_asking_for_a_workgroup_shows_no_more_than_the_caller_sees(new_year, carol, dora, as_user):
    group = Workgroup.objects.create(name="Billing")
    new_year.refresh_from_db()
    new_year.edit(by=Actor(dora), workgroup=group)
    url = f"{OVERVIEW}?from=2025-12-31&to=2026-01-01&tz=UTC&workgroup={group.pk}"

    def counted(person):
        figures = as_user(person).get(url).json()["figures"]
        return figures["tickets_created"], figures["messages_out"], figures["backlog"]["total"]

    assert counted(dora) == (1, 1, 1)
    assert counted(carol) == (0, 0, 0)


def test_customers_and_strangers_get_no_figures(alice, as_user, client):
    assert as_user(alice).get(OVERVIEW).status_code == 403
    assert client.get(OVERVIEW).status_code == 401


def test_a_token_needs_the_permission(carol, bearer):
    assert bearer(carol, scopes=["statistics:read"]).get(OVERVIEW).status_code == 200
    assert bearer(carol, scopes=["tickets:write"]).get(OVERVIEW).status_code == 403


def test_figures_are_only_read(dora, as_user):
    client = as_user(dora)

    assert client.post(OVERVIEW).status_code == 405
    assert client.delete(TIMESERIES).status_code == 405
    assert client.get("/api/statistics/list").status_code == 404


def test_a_call_costs_five_queries_with_the_token_check(carol, bearer, django_assert_num_queries):
    client = bearer(carol, scopes=["statistics:read"])
    client.get(OVERVIEW)

    with django_assert_num_queries(5):
        client.get(f"{TIMESERIES}?from=2025-01-01&to=2025-12-31")
