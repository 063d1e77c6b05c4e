"""Texts are rendered once, when people write them; lists read what was kept, within bounds."""

from __future__ import annotations

import json
import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from messaging.models import Conversation, Message
from messaging.posting import StaleReply
from records import rendered
from records.markup import VERSION
from records.rendered import MOST_BYTES, MOST_RENDERED, UNKNOWN_SIZE, catch_up
from tests.many import work_of_the_database
from tickets.models import Ticket

# 43 kB, legal, and 240 kB once its addresses are ASCII.
DEAR = ("[a](http://b.c/" + "ü" * 200 + ") ") * 199
# What an answer holds beside the texts of its rows.
AROUND = 200_000


@pytest.fixture
def ticket(alice) -> Ticket:
    return Ticket.objects.open_for(by=Actor(alice), title="No sound", content="Since *today*.")


@pytest.fixture
def conversation(ticket) -> Conversation:
    return Conversation.objects.for_ticket(ticket)


@pytest.fixture
def renders(monkeypatch) -> list[str]:
    """Return the texts that are rendered from now on."""
    found, render = [], rendered.render
    monkeypatch.setattr(rendered, "render", lambda text: (found.append(text), render(text))[1])
    return found


def fill(conversation: Conversation, count: int, content: str = DEAR, **columns) -> None:
    """Write that many messages as `content`; the first one by its domain method."""
    first, _ = conversation.post(by=Actor(conversation.ticket.requester), content=content)
    start = conversation.last_seq
    Message.objects.filter(pk=first.pk).update(**columns)
    first.refresh_from_db()
    rows = []
    for number in range(1, count):
        row = Message(**{f.attname: getattr(first, f.attname) for f in Message._meta.fields})
        row.pk, row.seq, row.public_seq, row.client_id = None, start + number, start + number, ""
        rows.append(row)
    Message.objects.bulk_create(rows, batch_size=20)
    conversation.last_seq = conversation.last_public_seq = start + count - 1
    conversation.save()


def pages(client, address: str) -> list[list[dict]]:
    found = []
    while address:
        response = client.get(address)
        assert response.status_code == 200, response.content
        assert len(response.content) < MOST_BYTES + AROUND
        found.append(response.json())
        match = re.search('<([^>]*)>; rel="next"', response.get("Link", ""))
        address = match[1] if match else ""
    return found


# --- Kept with the row --------------------------------------------------------------------------


def test_a_message_keeps_its_html_and_preview(conversation, alice, renders):
    message, _ = conversation.post(by=Actor(alice), content="**Hi**, 5*3")

    assert (message.html, message.preview, message.html_version) == (
        '<p dir="auto"><strong>Hi</strong>, 5*3</p>', "Hi, 5*3", VERSION,
    )  # fmt: skip
    message.edit(by=Actor(alice), content="_Ho_")
    message = Message.objects.get()
    assert (message.html, message.preview) == ('<p dir="auto"><em>Ho</em></p>', "Ho")
    assert message.safe_html == message.html
    assert renders == ["**Hi**, 5*3", "_Ho_"]


def test_a_ticket_keeps_its_html_and_preview(ticket, alice, carol, renders):
    ticket.edit(by=Actor(alice), content="Since **Monday**.")
    ticket.edit(by=Actor(carol), title="Other", priority="high", content="Since **Monday**.")

    ticket = Ticket.objects.get()
    assert (ticket.html, ticket.preview, ticket.html_version) == (
        '<p dir="auto">Since <strong>Monday</strong>.</p>', "Since Monday.", VERSION,
    )  # fmt: skip
    assert renders == ["Since **Monday**."]


def test_the_size_is_that_of_an_answer(conversation, alice):
    text = 'a "quote"\n中 \\ ü'
    message, _ = conversation.post(by=Actor(alice), content=text)

    shown = [json.dumps(part, ensure_ascii=False).encode() for part in (text, message.html)]
    assert message.size == sum(map(len, shown))


def test_nothing_is_left_of_a_recalled_message(conversation, alice):
    message, _ = conversation.post(by=Actor(alice), content="A **secret**")
    message.recall(by=Actor(alice))

    message = Message.objects.get()
    assert (message.html, message.preview, message.safe_html, message.words) == ("", "", "", "")
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.update(html="A secret")
    Message.objects.update(html_version=0)
    assert catch_up() == 1
    assert Message.objects.get().html == ""


# --- An older version ---------------------------------------------------------------------------


def test_rows_of_an_older_version_are_rendered_when_they_are_read(
    conversation, alice, carol, as_user, renders
):
    message, _ = conversation.post(by=Actor(alice), content="**Hi**")
    Message.objects.update(html="old", preview="old", html_version=0)
    client, address = as_user(carol), f"/api/messages/list?conversation={conversation.pk}"
    renders.clear()

    for _time in range(2):
        assert client.get(address).json()[0]["content_html"] == message.html

    assert renders == ["**Hi**"]
    assert Message.objects.get().html == message.html


def test_what_was_edited_meanwhile_is_not_overwritten(conversation, alice):
    message, _ = conversation.post(by=Actor(alice), content="old")
    Message.objects.update(html_version=0)
    stale = Message.objects.get()
    message.edit(by=Actor(alice), content="new")

    assert "old" in stale.safe_html
    assert "new" in Message.objects.get().html


def test_reading_renders_so_many_rows_for_one_answer(conversation, carol, as_user, renders):
    fill(conversation, 3 * MOST_RENDERED, "Hi", html="", html_version=0, size=UNKNOWN_SIZE)
    address = f"/api/messages/list?conversation={conversation.pk}&limit=200"

    renders.clear()
    first = as_user(carol).get(address)
    assert 0 < len(renders) == len(first.json()) <= MOST_RENDERED
    assert sum(map(len, pages(as_user(carol), address))) == 3 * MOST_RENDERED


@pytest.mark.parametrize("by", ["command", "due work"])
def test_old_rows_are_caught_up(by, ticket, conversation, alice, monkeypatch):
    monkeypatch.setattr(rendered, "PORTION", 3)
    fill(conversation, 10, "**Hi**", html="", html_version=0)
    Ticket.objects.update(html_version=0, html="")

    if by == "command":
        call_command("rerender", stdout=(told := StringIO()))
        assert told.getvalue() == "Rendered 11.\n"
    else:
        assert catch_up() == 11

    assert catch_up() == 0
    assert set(Message.objects.values_list("preview", flat=True)) == {"Hi"}
    assert Ticket.objects.get().preview == "Since today."


def test_looking_for_old_rows_reads_none_of_the_others(conversation):
    fill(conversation, 400, "Hi")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    with work_of_the_database() as work:
        assert catch_up() == 0
        assert work() < 100


# --- Lists --------------------------------------------------------------------------------------


def test_two_hundred_dear_messages_render_nothing_and_come_page_by_page(
    conversation, carol, as_user, renders
):
    fill(conversation, 200)
    renders.clear()

    found = pages(as_user(carol), f"/api/messages/list?conversation={conversation.pk}&limit=200")

    assert renders == []
    assert [row["seq"] for page in found for row in page] == list(range(1, 201))
    assert len(found) > 10


@pytest.mark.parametrize("fields", ["id,seq", "content", "content_html"])
def test_only_the_texts_that_are_shown_are_read(fields, conversation, carol, as_user):
    fill(conversation, 5)
    address = f"/api/messages/list?conversation={conversation.pk}&fields={fields}"

    with CaptureQueriesContext(connection) as queries:
        assert set(as_user(carol).get(address).json()[0]) == set(fields.split(","))

    sql = " ".join(query["sql"] for query in queries)
    assert ('"html"' in sql) == (fields == "content_html")
    assert ('"messaging_message"."content"' in sql) == (fields == "content")


def test_short_texts_cost_no_query_and_long_ones_one(
    conversation, alice, carol, as_user, django_assert_num_queries
):
    client, address = as_user(carol), f"/api/messages/list?conversation={conversation.pk}"
    for number in range(5):
        conversation.post(by=Actor(alice), content=f"{number}")
    with CaptureQueriesContext(connection) as short:
        client.get(address)
    fill(conversation, 5)

    with django_assert_num_queries(len(short) + 1):
        rows = client.get(address).json()
    assert [len(row["content"]) for row in rows] == [1] * 5 + [len(DEAR)] * 5
    assert all(row["content_html"] for row in rows)


def test_pages_before_lead_back_over_the_same_rows(conversation, carol, as_user):
    fill(conversation, 30)
    client = as_user(carol)
    seen, address = [], f"/api/messages/list?conversation={conversation.pk}&before_seq=31"
    seen = [row["seq"] for page in pages(client, address) for row in page]
    assert seen == list(range(30, 0, -1))

    first = client.get(f"/api/messages/list?conversation={conversation.pk}")
    second = client.get(re.search('<([^>]*)>; rel="next"', first["Link"])[1])
    back = client.get(re.search('<([^>]*)>; rel="prev"', second["Link"])[1])
    assert back.json()[-1] == first.json()[-1]


def test_a_list_of_tickets_is_bounded_too(ticket, carol, as_user, renders):
    ticket.edit(by=Actor.system(), content="ü" * 49_999)
    row = Ticket.objects.get()
    copies = []
    for _number in range(60):
        copies.append(Ticket(**{f.attname: getattr(row, f.attname) for f in Ticket._meta.fields}))
        copies[-1].pk = None
    Ticket.objects.bulk_create(copies, batch_size=20)
    renders.clear()

    found = pages(as_user(carol), "/api/tickets/list?limit=200")

    assert renders == []
    assert len({row["id"] for page in found for row in page}) == 61
    short = as_user(carol).get("/api/tickets/list?limit=200&fields=id,title")
    assert len(short.json()) == 61


@pytest.mark.parametrize("count", [10, 40])
def test_what_a_page_reads_does_not_grow_with_what_is_there(count, conversation, carol, as_user):
    fill(conversation, count)
    response = as_user(carol).get(f"/api/messages/list?conversation={conversation.pk}&limit=200")

    weight = Message.objects.first().size
    assert len(response.json()) == min(count, MOST_BYTES // weight)


def test_a_stale_reply_shows_only_so_much(conversation, alice, carol):
    fill(conversation, 50)

    with pytest.raises(StaleReply) as refused:
        conversation.post(by=Actor(carol), content="Hi", seen_seq=0)

    assert 1 <= sum(row.size for row in refused.value.missed) <= MOST_BYTES


# --- Pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/agent/tickets/{}", "/admin/tickets/ticket/{}/change/"])
def test_the_page_of_a_ticket_is_bounded_and_goes_on_part_by_part(
    page, ticket, conversation, dora, renders
):
    fill(conversation, 60)
    renders.clear()
    client = Client()
    client.force_login(dora)

    address, seen = page.format(ticket.pk), 0
    while address:
        text = client.get(address).content.decode()
        assert len(text) < MOST_BYTES + AROUND
        seen += text.count('<div class="bubble-text"') or text.count('<div class="bubble"')
        match = re.search(r'href="[^"#]*(\?before=[0-9-]+)', text)
        address = page.format(ticket.pk) + match[1] if match else ""

    assert renders == []
    assert seen == 61  # with the content


def test_lists_of_pages_read_no_texts(ticket, conversation, carol, dora, alice, renders):
    conversation.post(by=Actor(alice), content="See **here**")
    for user, address in ((carol, "/agent/tickets?tab=all"), (dora, "/admin/tickets/ticket/")):
        client = Client()
        client.force_login(user)
        renders.clear()
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address)

        assert response.status_code == 200
        assert renders == []
        sql = " ".join(query["sql"] for query in queries)
        assert '."html"' not in sql
        assert '."content"' not in sql
