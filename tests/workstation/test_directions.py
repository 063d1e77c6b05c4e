"""What people typed runs in its own direction, and turns nothing around it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Workgroup
from tickets.models import Ticket

HEBREW = "דנה <כהן>"
ESCAPED = "דנה &lt;כהן&gt;"


@pytest.fixture
def busy(ticket, alice, carol, carlos, say) -> Ticket:
    """Return a ticket where somebody with a Hebrew name did and got things."""
    for person in (alice, carlos):
        person.display_name = HEBREW
        person.save()
    group = Workgroup.objects.create(name="קבוצה")
    group.members.add(carol, carlos)
    ticket.edit(by=Actor(carol), title="שלום", tags=["דחוף"], workgroup=group)
    ticket.assign(carlos, by=Actor(carol))
    say(ticket, alice, "שלום\n\nHello")
    return ticket


def test_names_within_sentences_are_isolated(busy, carol, carlos, by_password):
    busy.edit(by=Actor(carlos), priority="high")

    page = by_password(carol).get(f"/agent/tickets/{busy.pk}").content.decode()

    for sentence in (
        f"assigned the ticket to <bdi>{ESCAPED}</bdi>",
        "gave the ticket to the workgroup <bdi>קבוצה</bdi>",
        "set the tags to <bdi>דחוף</bdi>",
        f"<strong><bdi>{ESCAPED}</bdi></strong> set the priority to High",
        f"· <bdi>{ESCAPED}</bdi> · <bdi>קבוצה</bdi>",
    ):
        assert sentence in page
    assert HEBREW not in page


def test_titles_rows_and_fields_run_in_their_own_direction(busy, carol, by_password):
    client = by_password(carol)
    page = client.get(f"/agent/tickets/{busy.pk}?tab=all").content.decode()
    page += client.get("/agent/tickets/new").content.decode()

    for name in ("ticket-title", "words", "search", "tags", "customer", "new-ticket-title",
                 "new-ticket-content"):  # fmt: skip
        [start, *_] = re.findall(rf'<[^>]*\sid="{name}"[^>]*>', page)
        assert ' dir="auto"' in start, name
    for name in ("row-name", "row-title", "row-group", "group-name", "who-name"):
        assert f'class="{name}" dir="auto">' in page, name
    assert '<p dir="auto">שלום</p>\n<p dir="auto">Hello</p>' in page
    assert "<bdi>שלום Hello</bdi>" in page


def test_words_that_found_nobody_are_isolated(carol, by_password):
    client = by_password(carol)

    found = client.get("/agent/customers", {"customer": HEBREW}, headers={"HX-Request": "true"})
    listed = client.get("/agent/tickets", {"tab": "all", "q": HEBREW})

    assert f"“<bdi>{ESCAPED}</bdi>”" in found.content.decode()
    assert f"“<bdi>{ESCAPED}</bdi>”" in listed.content.decode()


def test_the_admin_does_the_same(busy, dora):
    client = Client()
    client.force_login(dora)

    page = client.get(f"/admin/tickets/ticket/{busy.pk}/change/").content.decode()

    assert f"assigned the ticket to <bdi>{ESCAPED}</bdi>" in page
    assert f"<b><bdi>{ESCAPED}</bdi></b>" in page
    for name in ("id_title", "id_content", "id_tags"):
        [start] = re.findall(rf'<[^>]*\sid="{name}"[^>]*>', page)
        assert 'dir="auto"' in start, name
