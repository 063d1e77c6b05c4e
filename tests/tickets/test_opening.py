from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F

from accounts.actor import Actor
from records.errors import Conflict
from tickets.models import Ticket, TicketTag


@pytest.mark.parametrize(
    "columns",
    [
        {"workgroup": "sales"},
        {"tags": ["vip"]},
        {"external_id": "7", "external_source": "crm"},
        {"requester": "bob"},
        {"assignee": "carol"},
        {"status": "resolved"},
    ],
)
def test_customers_have_no_say_in_how_the_team_works(columns, open_ticket, alice, request):
    people = {"workgroup", "requester", "assignee"}
    columns = {
        name: request.getfixturevalue(value) if name in people else value
        for name, value in columns.items()
    }

    with pytest.raises(PermissionDenied):
        open_ticket(alice, **columns)

    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    "columns",
    [
        {"title": "  "},
        {"title": "x" * 201},
        {"title": "a\0b"},
        {"content": ""},
        {"content": "x" * 50_001},
        {"priority": "highest"},
        {"channel": "fax"},
        {"status": "solved"},
        {"requester": None, "by": Actor.system()},
    ],
)
def test_a_broken_ticket_is_not_opened(columns, open_ticket, carol):
    with pytest.raises(ValidationError):
        open_ticket(carol, **columns)

    assert not Ticket.objects.exists()


def test_tags_are_kept_tidy_and_found(open_ticket, carol):
    ticket = open_ticket(carol, tags=["VIP  Customer ", "vip customer", "退款"])

    assert ticket.tags == ["vip customer", "退款"]
    assert Ticket.objects.tagged("退款").get() == ticket
    ticket.edit(by=Actor(carol), tags=["退款", "new"])
    assert sorted(TicketTag.objects.values_list("name", flat=True)) == ["new", "退款"]
    event = ticket.events.get(verb="tags")
    assert (event.old, event.new) == ("vip customer, 退款", "new, 退款")


def test_priorities_are_ordered_by_rank_in_the_database(open_ticket, carol):
    for priority in ("urgent", "low", "high", "medium"):
        open_ticket(carol, priority=priority)

    words = list(Ticket.objects.order_by("priority").values_list("priority", flat=True))
    assert words == ["low", "medium", "high", "urgent"]
    assert Ticket.objects.filter(priority__gte="high").count() == 2
    rank = Ticket.objects.annotate(rank=F("priority")).get(priority="high")
    assert rank.priority == "high"
    with pytest.raises(ValidationError):
        Ticket.objects.filter(priority="highest").exists()


def test_people_find_a_ticket_by_what_they_call_it(open_ticket, carol):
    ticket = open_ticket(carol, title="Ink", content="It BURNS.")
    open_ticket(carol, title="Paper", content="Empty")

    for text in (ticket.number, ticket.number.lower(), str(100000 + ticket.pk), "ink", "burns"):
        assert Ticket.objects.matching(text).get() == ticket


def test_a_deleted_ticket_takes_no_more_changes(ticket, alice, carol, dora):
    stale = Ticket.objects.get(pk=ticket.pk)
    ticket.delete_softly(by=Actor(carol))

    for change in (
        lambda: stale.resolve(by=Actor(carol)),
        lambda: stale.edit(by=Actor(alice), title="X"),
        lambda: stale.delete_softly(by=Actor(carol)),
    ):
        with pytest.raises(Conflict):
            change()
    stale.restore(by=Actor(dora))

    verbs = list(ticket.events.values_list("verb", flat=True))
    assert verbs == ["created", "deleted", "restored"]


def test_reopened_tickets_of_those_who_left_go_back_to_the_queue(ticket, alice, carol, dora):
    ticket.claim(by=Actor(carol))
    ticket.resolve(by=Actor(carol))
    carol.is_active = False
    carol.save(update_fields=["is_active"])

    ticket.reopen(by=Actor(alice))

    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee) == ("open", None)


def test_history_keeps_no_texts(ticket, carol):
    ticket.edit(by=Actor(carol), title="Secret", content="Secret")

    values = ticket.events.values_list("old", "new", "detail")
    assert not any("Secret" in text or "fire" in text for row in values for text in row)
