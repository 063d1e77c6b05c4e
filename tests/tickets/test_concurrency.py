"""Two people at once, on a database that lets them."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.actor import Actor
from records.errors import Conflict
from tests.tickets.together import together
from tickets.lifecycle import InvalidTransition
from tickets.models import Ticket

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL"),
    pytest.mark.django_db(transaction=True),
]


def test_of_two_agents_who_claim_one_is_told(ticket, carol, carlos):
    def claim(user):
        Ticket.objects.get(pk=ticket.pk).claim(by=Actor(user))
        return user

    winner, told = sorted(together(claim, [carol, carlos]), key=lambda x: isinstance(x, Exception))

    assert isinstance(told, Conflict)
    assert told.code == "already-assigned"
    assert Ticket.objects.get(pk=ticket.pk).assignee == winner
    assert ticket.events.filter(verb="assigned").count() == 1


def test_of_two_agents_who_resolve_one_is_told(ticket, carol, carlos):
    readings = {user.pk: Ticket.objects.get(pk=ticket.pk) for user in (carol, carlos)}

    results = together(lambda user: readings[user.pk].resolve(by=Actor(user)), [carol, carlos])

    assert [type(result) for result in results if result] == [InvalidTransition]
    assert ticket.events.filter(verb="resolved").count() == 1
    assert Ticket.objects.get(pk=ticket.pk).version == 2


def test_edits_of_different_fields_are_both_kept(ticket, carol, carlos):
    readings = {user.pk: Ticket.objects.get(pk=ticket.pk) for user in (carol, carlos)}
    changes = {carol.pk: {"title": "New"}, carlos.pk: {"priority": "urgent"}}

    results = together(
        lambda user: readings[user.pk].edit(by=Actor(user), **changes[user.pk]), [carol, carlos]
    )

    assert results == [None, None]
    ticket.refresh_from_db()
    assert (ticket.title, ticket.priority, ticket.version) == ("New", "urgent", 3)
