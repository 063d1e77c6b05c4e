from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actor import Actor
from configuration.values import assign
from tests.tickets.together import together
from tickets import due_work
from tickets.models import Ticket


@pytest.fixture
def resolved(ticket, carol) -> Ticket:
    """Return Alice's ticket, which Carol resolved five days ago."""
    ticket.resolve(by=Actor(carol))
    return age(ticket, days=5)


def age(ticket: Ticket, **ago: float) -> Ticket:
    Ticket.objects.filter(pk=ticket.pk).update(resolved_at=timezone.now() - timedelta(**ago))
    ticket.refresh_from_db()
    return ticket


def test_what_was_resolved_days_ago_is_closed_by_nobody(resolved):
    assert due_work.close_resolved() == 1

    resolved.refresh_from_db()
    assert (resolved.status, resolved.close_reason) == ("closed", "resolved")
    event = resolved.events.latest("id")
    assert (event.verb, event.old, event.new, event.actor) == ("closed", "resolved", "closed", None)


def test_a_second_run_finds_nothing(resolved):
    due_work.close_resolved()
    events = resolved.events.count()

    assert due_work.close_resolved() == 0

    assert resolved.events.count() == events


def test_what_was_resolved_lately_stays(ticket, carol):
    ticket.resolve(by=Actor(carol))
    age(ticket, days=3, hours=23)

    assert due_work.close_resolved() == 0

    ticket.refresh_from_db()
    assert ticket.status == "resolved"


def test_what_was_deleted_stays(resolved, dora):
    resolved.delete_softly(by=Actor(dora))

    assert due_work.close_resolved() == 0


def test_what_is_not_resolved_stays(resolved, carol):
    resolved.reopen(by=Actor(carol))

    assert due_work.close_resolved() == 0


@pytest.mark.parametrize(("days", "closed"), [(0, 0), (5, 1), (6, 0)])
def test_the_configuration_says_when(days, closed, resolved):
    assign({"auto_close_days": days}, by=Actor.system())

    assert due_work.close_resolved() == closed


def test_who_takes_it_up_in_between_wins(resolved, carol, monkeypatch):
    read = Ticket.objects.get(pk=resolved.pk)
    resolved.reopen(by=Actor(carol))

    assert due_work._close(read) is False

    resolved.refresh_from_db()
    assert resolved.status == "open"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_at_once_close_each_ticket_once(open_ticket, alice, carol):
    tickets = [open_ticket(alice) for _ in range(10)]
    for ticket in tickets:
        ticket.resolve(by=Actor(carol))
        age(ticket, days=5)

    closed = together(lambda _: due_work.close_resolved(), range(2))

    assert sum(closed) == 10
    for ticket in tickets:
        assert ticket.events.filter(verb="closed").count() == 1
