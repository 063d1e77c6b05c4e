"""Exact figures of histories made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Q

from accounts.actor import Actor
from accounts.models import Workgroup
from stats.durations import Summary
from stats.figures import Figures, figures
from stats.subject import Subject
from tickets.models import Ticket


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def counted(user, *boundaries, only=None):
    tickets = only and Ticket.objects.visible_to(user).filter(only)
    return figures(Subject.of(user, tickets), [at(moment) for moment in boundaries])


def test_a_ticket_from_first_to_last(clock, alice, carol, dora):
    ticket = clock.open("2026-01-01T10:00:00Z", alice)
    clock.write("2026-01-01T10:01:00Z", ticket, alice)
    clock.write("2026-01-01T10:05:00Z", ticket, carol, internal=True)
    clock.write("2026-01-01T11:00:00Z", ticket, carol)
    clock.move("2026-01-02T10:00:00Z", ticket, "resolved", carol)
    clock.write("2026-01-03T10:00:00Z", ticket, alice)
    clock.move("2026-01-04T10:00:00Z", ticket, "resolved", carol)
    clock.move("2026-01-05T10:00:00Z", ticket, "closed", carol)

    found = counted(dora, *(f"2026-01-0{day}" for day in range(1, 7)))

    empty = {"total": 0, "new": 0, "open": 0, "pending": 0, "on_hold": 0}
    one_open = empty | {"total": 1, "open": 1}
    day = 86400
    assert found == [
        Figures(
            tickets_created=1,
            messages_in=1,
            messages_out=1,
            notes=1,
            backlog=one_open,
            first_response_seconds=Summary(1, 3600, 3600.0, 3600, 3600, 3600),
        ),
        Figures(
            tickets_resolved=1,
            backlog=empty,
            first_resolution_seconds=Summary(1, day, float(day), day, day, day),
        ),
        Figures(tickets_reopened=1, messages_in=1, backlog=one_open),
        Figures(
            tickets_resolved=1,
            backlog=empty,
            full_resolution_seconds=Summary(1, 3 * day, 3.0 * day, 3 * day, 3 * day, 3 * day),
        ),
        Figures(tickets_closed=1, backlog=empty),
    ]


def test_merged_tickets_and_spam_stand_apart(clock, alice, carol, dora):
    for reason in ("merged", "spam", "duplicate", "no_response"):
        ticket = clock.open("2026-01-01T10:00:00Z", alice)
        clock.move("2026-01-01T12:00:00Z", ticket, "closed", carol, reason=reason)

    [found] = counted(dora, "2026-01-01", "2026-01-02")

    assert (found.tickets_closed, found.tickets_merged, found.tickets_spam) == (2, 1, 1)
    assert found.tickets_resolved == 0


def test_the_backlog_of_long_ago_is_that_of_long_ago(clock, alice, carol, dora):
    first = clock.open("2026-01-01T10:00:00Z", alice)
    clock.open("2026-01-02T10:00:00Z", alice)
    clock.move("2026-01-03T10:00:00Z", first, "pending", carol)
    clock.move("2026-02-03T10:00:00Z", first, "resolved", carol)

    found = counted(dora, "2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-03-01")

    assert [each.backlog for each in found] == [
        {"total": 1, "new": 1, "open": 0, "pending": 0, "on_hold": 0},
        {"total": 2, "new": 2, "open": 0, "pending": 0, "on_hold": 0},
        {"total": 2, "new": 1, "open": 0, "pending": 1, "on_hold": 0},
        {"total": 1, "new": 1, "open": 0, "pending": 0, "on_hold": 0},
    ]
    assert counted(dora, "2025-01-01", "2025-02-01")[0].backlog["total"] == 0


def test_a_moment_on_the_boundary_belongs_to_the_bucket_that_begins(clock, alice, dora):
    clock.open("2026-01-02T00:00:00Z", alice)
    clock.open(at("2026-01-02") - timedelta(microseconds=1), alice)
    clock.open(at("2026-01-02") + timedelta(microseconds=1), alice)
    clock.open("2026-01-03T00:00:00Z", alice)

    found = counted(dora, "2026-01-01", "2026-01-02", "2026-01-03")

    assert [each.tickets_created for each in found] == [1, 2]


@pytest.mark.parametrize(
    ("count", "p50", "p90", "p95"),
    [(1, 1, 1, 1), (2, 1, 2, 2), (10, 5, 9, 10), (20, 10, 18, 19), (21, 11, 19, 20)],
)
def test_percentiles_are_by_nearest_rank(clock, alice, carol, dora, count, p50, p90, p95):
    for number in range(1, count + 1):
        ticket = clock.open("2026-01-01T10:00:00Z", alice)
        clock.write(at("2026-01-01T10:00:00") + timedelta(seconds=number), ticket, carol)

    [found] = counted(dora, "2026-01-01", "2026-01-02")

    total = count * (count + 1) // 2
    assert found.first_response_seconds == Summary(
        count, total, round(total / count, 1), p50, p90, p95
    )


def test_only_the_first_reply_of_the_team_is_a_first_response(clock, alice, carol, dora):
    ticket = clock.open("2026-01-01T10:00:00Z", alice)
    clock.write("2026-01-01T10:00:05Z", ticket, carol, internal=True)
    clock.write("2026-01-01T10:00:10Z", ticket, alice)
    clock.write("2026-01-01T10:00:20Z", ticket, carol)
    clock.write("2026-01-01T10:00:30Z", ticket, dora)

    [found] = counted(dora, "2026-01-01", "2026-01-02")

    assert found.first_response_seconds == Summary(1, 20, 20.0, 20, 20, 20)


def test_a_deleted_ticket_is_in_no_figure(clock, alice, carol, dora):
    ticket = clock.open("2026-01-01T10:00:00Z", alice)
    clock.write("2026-01-01T10:00:20Z", ticket, carol)
    ticket.refresh_from_db()
    ticket.delete_softly(by=Actor(carol))

    [found] = counted(dora, "2026-01-01", "2026-01-02")

    assert found == Figures(backlog={"total": 0, "new": 0, "open": 0, "pending": 0, "on_hold": 0})


def test_an_agent_counts_only_what_they_see(clock, alice, carol, carlos, dora):
    group = Workgroup.objects.create(name="Billing")
    group.members.add(carlos)
    hidden = clock.open("2026-01-01T10:00:00Z", alice, by=Actor(dora), workgroup=group)
    clock.write("2026-01-01T10:01:00Z", hidden, carlos)
    clock.open("2026-01-01T10:00:00Z", alice)

    [of_carol] = counted(carol, "2026-01-01", "2026-01-02")
    [of_carlos] = counted(carlos, "2026-01-01", "2026-01-02")

    assert (of_carol.tickets_created, of_carol.messages_out) == (1, 0)
    assert (of_carol.backlog["total"], of_carol.first_response_seconds.count) == (1, 0)
    assert (of_carlos.tickets_created, of_carlos.messages_out) == (2, 1)
    assert (of_carlos.backlog["total"], of_carlos.first_response_seconds.count) == (2, 1)


def test_conditions_choose_tickets_and_their_messages(clock, alice, carol, dora):
    urgent = clock.open("2026-01-01T10:00:00Z", alice, priority="urgent")
    clock.open("2026-01-01T10:00:00Z", alice, priority="low")
    clock.write("2026-01-01T10:01:00Z", urgent, carol)

    chosen = [
        counted(dora, "2026-01-01", "2026-01-02", only=Q(priority__in=[priority]))[0]
        for priority in ("urgent", "low", "high")
    ]

    assert [each.tickets_created for each in chosen] == [1, 1, 0]
    assert [each.messages_out for each in chosen] == [1, 0, 0]
    assert [each.backlog["total"] for each in chosen] == [1, 1, 0]


def test_an_empty_database_gives_zeros_and_no_durations(dora):
    found = counted(dora, "2026-01-01", "2026-01-02", "2026-01-03")

    nothing = Figures(backlog={"total": 0, "new": 0, "open": 0, "pending": 0, "on_hold": 0})
    assert found == [nothing, nothing]
    assert found[0].first_response_seconds.mean is None


@pytest.mark.parametrize("buckets", [1, 30, 2000])
def test_figures_cost_two_queries_however_many_buckets(
    buckets, clock, alice, dora, django_assert_num_queries
):
    clock.open("2026-01-01T10:00:00Z", alice)
    boundaries = [at("2026-01-01") + timedelta(hours=hour) for hour in range(buckets + 1)]

    with django_assert_num_queries(2):
        found = figures(Subject.of(dora), boundaries)

    assert sum(each.tickets_created for each in found) == (0 if buckets == 1 else 1)
