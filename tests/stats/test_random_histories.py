"""The database's figures against a plain and slow computation, on random histories."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from accounts.actor import Actor
from accounts.models import Workgroup
from messaging.models import Message
from stats.durations import Summary
from stats.figures import BACKLOG, Figures, figures
from stats.periods import Period
from stats.subject import Subject
from tickets.models import Ticket, TicketEvent

START = datetime(2026, 3, 20, tzinfo=UTC)
LENGTH = timedelta(days=20)


def make_history(chance, clock, people, workgroups):
    """Let people do legal things at random moments, in the order of time."""
    alice, bob, carol, carlos, dora = people
    moments = sorted(START + chance.random() * LENGTH for _ in range(180))
    tickets = []
    for moment in moments:
        action = chance.random()
        if not tickets or action < 0.2:
            group = chance.choice([None, *workgroups])
            tickets.append(
                clock.open(moment, chance.choice([alice, bob]), by=Actor(dora), workgroup=group)
            )
            continue
        ticket = Ticket.objects.get(pk=chance.choice(tickets).pk)
        if action < 0.6:
            writer = chance.choice([ticket.requester, carol, carlos, dora])
            clock.write(moment, ticket, writer, internal=writer.is_team_member and action < 0.3)
        elif action > 0.98 and ticket.deleted_at is None:
            clock.set(moment)
            ticket.delete_softly(by=Actor(dora))
            tickets = [each for each in tickets if each.pk != ticket.pk]
        elif moves := sorted(ticket.allowed_moves(Actor(dora))):
            reason = chance.choice(["", "spam", "merged", "duplicate"])
            to = chance.choice(moves)
            clock.move(moment, ticket, to, dora, **({"reason": reason} if to == "closed" else {}))


def by_hand(user, start, end):
    """Work out one bucket by looping over everything."""
    visible = {ticket.pk: ticket for ticket in Ticket.objects.visible_to(user)}
    events = [each for each in TicketEvent.objects.all() if each.ticket_id in visible]
    inside = [each for each in events if start <= each.at < end]
    messages = [
        each
        for each in Message.objects.select_related("conversation")
        if each.conversation.ticket_id in visible and start <= each.created_at < end
    ]

    def count(verb, reasons=None):
        return sum(e.verb == verb and (reasons is None or e.detail in reasons) for e in inside)

    return Figures(
        tickets_created=count("created"),
        tickets_resolved=count("resolved"),
        tickets_reopened=count("reopened"),
        tickets_closed=count("closed", {"resolved", "duplicate", "no_response", "cancelled"}),
        tickets_merged=count("closed", {"merged"}),
        tickets_spam=count("closed", {"spam"}),
        backlog=backlog_by_hand(events, end),
        messages_in=sum(not m.internal and not m.from_team for m in messages),
        messages_out=sum(not m.internal and m.from_team for m in messages),
        notes=sum(m.internal for m in messages),
        first_response_seconds=summary_by_hand(
            whole_seconds(ticket, ticket.first_response_at)
            for ticket in visible.values()
            if ticket.first_response_at and start <= ticket.first_response_at < end
        ),
        first_resolution_seconds=summary_by_hand(
            whole_seconds(ticket, ticket.first_resolved_at)
            for ticket in visible.values()
            if ticket.first_resolved_at and start <= ticket.first_resolved_at < end
        ),
        full_resolution_seconds=summary_by_hand(
            whole_seconds(ticket, ticket.resolved_at)
            for ticket in visible.values()
            if ticket.resolved_at and start <= ticket.resolved_at < end
        ),
    )


def backlog_by_hand(events, end):
    status = {}
    for event in sorted(events, key=lambda each: each.pk):
        if event.field == "status" and event.at < end:
            status[event.ticket_id] = event.new
    counts = {str(name): list(status.values()).count(name) for name in BACKLOG}
    return {"total": sum(counts.values()), **counts}


def whole_seconds(ticket, moment):
    return int((moment - ticket.created_at).total_seconds())


def summary_by_hand(durations):
    durations = sorted(durations)
    if not durations:
        return Summary()
    ranks = [durations[math.ceil(len(durations) * p / 100) - 1] for p in (50, 90, 95)]
    total = sum(durations)
    return Summary(len(durations), total, round(total / len(durations), 1), *ranks)


@pytest.mark.parametrize("seed", range(4))
def test_the_database_counts_as_a_person_would(seed, clock, alice, bob, carol, carlos, dora):
    chance = random.Random(seed)
    workgroups = [Workgroup.objects.create(name=name) for name in ("Billing", "Returns")]
    workgroups[0].members.add(carol)
    make_history(chance, clock, (alice, bob, carol, carlos, dora), workgroups)
    zone = ZoneInfo(chance.choice(["Europe/Berlin", "Asia/Kolkata", "America/New_York"]))
    period = Period(START + timedelta(days=3), START + LENGTH - timedelta(hours=7), zone)

    for group_by in ("day", "week"):
        boundaries = period.boundaries(group_by)
        for user in (dora, carol, carlos):
            expected = [by_hand(user, start, end) for start, end in pairwise(boundaries)]

            assert figures(Subject.of(user), boundaries) == expected


@pytest.mark.parametrize("seed", range(2))
def test_the_backlog_changes_by_what_came_and_what_went(
    seed, clock, alice, bob, carol, carlos, dora
):
    make_history(random.Random(seed), clock, (alice, bob, carol, carlos, dora), [])
    days = [START + timedelta(days=day) for day in range(21)]

    found = figures(Subject.of(dora), days)

    unresolved_closes = [
        sum(
            each.at >= start and each.at < end and each.old in BACKLOG
            for each in TicketEvent.objects.filter(verb="closed", ticket__deleted_at=None)
        )
        for start, end in pairwise(days)
    ]
    before = 0
    for each, closed in zip(found, unresolved_closes, strict=True):
        now = before + each.tickets_created + each.tickets_reopened - each.tickets_resolved - closed
        assert each.backlog["total"] == now
        before = now
