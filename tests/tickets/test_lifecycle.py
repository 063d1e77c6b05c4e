from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.actor import Actor
from records.errors import Conflict
from tickets.lifecycle import MOVES, InvalidTransition, Status
from tickets.models import Ticket

EVERY_MOVE = [(old, new) for old in Status.values for new in Status.values if old != new]

# Written out once more, so that a changed table is noticed.
ALLOWED = {
    ("new", "open"),
    ("new", "pending"),
    ("new", "on_hold"),
    ("new", "resolved"),
    ("new", "closed"),
    ("open", "pending"),
    ("open", "on_hold"),
    ("open", "resolved"),
    ("open", "closed"),
    ("pending", "open"),
    ("pending", "on_hold"),
    ("pending", "resolved"),
    ("pending", "closed"),
    ("on_hold", "open"),
    ("on_hold", "resolved"),
    ("on_hold", "closed"),
    ("resolved", "open"),
    ("resolved", "closed"),
}


def bring_to(ticket: Ticket, status: str, by: Actor) -> None:
    if ticket.status != status:
        ticket.move_to(status, by=by)


def history(ticket: Ticket) -> list[tuple[str, str, str]]:
    return list(ticket.events.values_list("verb", "old", "new"))


@pytest.mark.parametrize(("old", "new"), EVERY_MOVE)
def test_an_agent_makes_the_moves_of_the_table_and_no_others(old, new, ticket, carol):
    bring_to(ticket, old, Actor(carol))
    before = Ticket.objects.values().get(pk=ticket.pk)
    events = ticket.events.count()

    if (old, new) in ALLOWED:
        ticket.move_to(new, by=Actor(carol))
        assert Ticket.objects.get(pk=ticket.pk).status == new
        return
    with pytest.raises(InvalidTransition) as refusal:
        ticket.move_to(new, by=Actor(carol))

    assert refusal.value.code == "invalid-transition"
    assert refusal.value.details["allowed"] == sorted(to for fro, to in ALLOWED if fro == old)
    assert Ticket.objects.values().get(pk=ticket.pk) == before
    assert ticket.events.count() == events


def test_nothing_ever_becomes_new_again():
    assert all(Status.NEW not in targets for targets in MOVES.values())


def test_a_new_ticket_says_who_opened_it(ticket, alice):
    event = ticket.events.get()

    assert (event.verb, event.old, event.new) == ("created", "", "new")
    assert event.actor == alice
    assert event.at == ticket.created_at == ticket.updated_at == ticket.waiting_since
    assert (ticket.status, ticket.priority, ticket.version) == ("new", "medium", 1)
    assert ticket.number == f"T-{100000 + ticket.pk}"


def test_resolving_stops_the_wait_and_keeps_the_first_time(ticket, carol):
    by = Actor(carol)
    ticket.resolve(by=by)
    first = ticket.first_resolved_at
    ticket.reopen(by=by)
    assert ticket.resolved_at is None
    assert ticket.waiting_since is not None
    ticket.resolve(by=by)

    ticket.refresh_from_db()
    assert ticket.first_resolved_at == first
    assert ticket.resolved_at > first
    assert ticket.waiting_since is None
    assert ticket.reopen_count == 1
    assert ticket.version == 4
    assert [verb for verb, _, _ in history(ticket)] == [
        "created",
        "resolved",
        "reopened",
        "resolved",
    ]


def test_closed_without_a_reason_closes_as_resolved_and_counts_as_resolved(ticket, carol):
    ticket.close(by=Actor(carol))

    assert ticket.close_reason == "resolved"
    assert ticket.resolved_at == ticket.closed_at == ticket.first_resolved_at
    assert history(ticket) == [
        ("created", "", "new"),
        ("resolved", "new", "resolved"),
        ("closed", "resolved", "closed"),
    ]
    assert ticket.version == 2


def test_spam_is_closed_without_being_resolved(ticket, carol):
    ticket.close(by=Actor(carol), reason="spam")

    assert ticket.resolved_at is None
    event = ticket.events.last()
    assert (event.verb, event.old, event.new, event.detail) == ("closed", "new", "closed", "spam")


@pytest.mark.parametrize("reason", ["spam", "cancelled", "merged"])
def test_only_an_administrator_takes_it_back_from_the_archive(reason, ticket, carol, dora):
    ticket.close(by=Actor(carol), reason=reason)

    with pytest.raises(InvalidTransition):
        ticket.reopen(by=Actor(carol))
    assert Ticket.objects.get(pk=ticket.pk).status == "closed"
    ticket.reopen(by=Actor(dora))

    ticket.refresh_from_db()
    assert (ticket.status, ticket.close_reason, ticket.closed_at) == ("open", "", None)


@pytest.mark.parametrize("reason", ["resolved", "duplicate", "no_response"])
def test_not_even_an_administrator_reopens_what_ended_well(reason, ticket, dora):
    ticket.close(by=Actor(dora), reason=reason)

    with pytest.raises(InvalidTransition) as refusal:
        ticket.reopen(by=Actor(dora))

    assert refusal.value.details["allowed"] == []


def test_a_customer_reopens_their_own_within_the_window(ticket, alice, carol):
    ticket.resolve(by=Actor(carol))

    ticket.reopen(by=Actor(alice))

    assert ticket.status == "open"


def test_a_customer_cannot_reopen_after_the_window(ticket, alice, carol):
    ticket.resolve(by=Actor(carol))
    Ticket.objects.filter(pk=ticket.pk).update(resolved_at=timezone.now() - timedelta(days=7))

    with pytest.raises(InvalidTransition):
        ticket.reopen(by=Actor(alice))

    assert Ticket.objects.get(pk=ticket.pk).status == "resolved"


@pytest.mark.parametrize("status", ["open", "pending", "on_hold", "resolved", "closed"])
def test_a_customer_makes_no_other_move(status, ticket, alice):
    with pytest.raises(PermissionDenied):
        ticket.move_to(status, by=Actor(alice))

    assert Ticket.objects.get(pk=ticket.pk).status == "new"


def test_a_stranger_reopens_nothing(ticket, bob, carol):
    ticket.resolve(by=Actor(carol))

    with pytest.raises(InvalidTransition):
        ticket.reopen(by=Actor(bob))

    assert Ticket.objects.get(pk=ticket.pk).status == "resolved"


def test_the_second_of_two_agents_is_told(ticket, carol, carlos):
    stale = Ticket.objects.get(pk=ticket.pk)
    ticket.move_to("pending", by=Actor(carol))

    # Resolving is legal from pending as well, but Carlos meant the new ticket.
    with pytest.raises(InvalidTransition) as refusal:
        stale.resolve(by=Actor(carlos))

    assert refusal.value.details["current_status"] == "pending"
    assert Ticket.objects.get(pk=ticket.pk).status == "pending"


def test_the_first_assignment_opens_the_ticket(ticket, carol, carlos):
    ticket.assign(carlos, by=Actor(carol))

    assert (ticket.status, ticket.assignee) == ("open", carlos)
    first = ticket.first_assigned_at
    ticket.assign(carol, by=Actor(carol))
    ticket.assign(None, by=Actor(carol))
    assert ticket.first_assigned_at == first
    assert history(ticket)[1:] == [
        ("assigned", "", str(carlos.pk)),
        ("status", "new", "open"),
        ("assigned", str(carlos.pk), str(carol.pk)),
        ("assigned", str(carol.pk), ""),
    ]


def test_nobody_but_the_team_is_given_tickets(ticket, bob, carol, carlos):
    carlos.is_active = False
    for person in (bob, carlos):
        with pytest.raises(ValidationError):
            ticket.assign(person, by=Actor(carol))

    assert Ticket.objects.get(pk=ticket.pk).assignee is None


def test_a_taken_ticket_cannot_be_claimed(ticket, carol, carlos):
    ticket.claim(by=Actor(carol))
    ticket.claim(by=Actor(carol))

    with pytest.raises(Conflict) as refusal:
        ticket.claim(by=Actor(carlos))

    assert refusal.value.code == "already-assigned"
    assert Ticket.objects.get(pk=ticket.pk).assignee == carol
    assert ticket.events.filter(verb="assigned").count() == 1


def test_a_customer_claims_nothing(ticket, alice):
    with pytest.raises(PermissionDenied):
        ticket.claim(by=Actor(alice))

    assert Ticket.objects.get(pk=ticket.pk).assignee is None


@pytest.mark.parametrize(("status", "reason"), [("solved", ""), ("closed", "boredom")])
def test_words_that_the_workflow_lacks_are_refused(status, reason, ticket, carol):
    with pytest.raises(ValidationError):
        ticket.move_to(status, by=Actor(carol), reason=reason)

    assert Ticket.objects.get(pk=ticket.pk).status == "new"
