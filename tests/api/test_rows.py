"""Lists that are read without objects say what the serializer says of each object."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils.functional import lazystr
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import JSONRenderer

from accounts.actor import Actor
from accounts.models import Workgroup
from messaging.models import Conversation, Message
from records.markup import VERSION
from rest import rows, viewsets
from rest.renderers import FastJSONRenderer
from tickets.models import Ticket
from tokens.models import AccessToken

ODD = [
    "Grüße, 你好 🙂", "e\u0301 and ﬁ", "line\u2028end\u2029", "שלום \u202eabc", 'a "b" \\ /',
    "<b>&amp;</b>", "\t tab", "0", "null", "x" * 40,
]  # fmt: skip
MOMENTS = [
    datetime(2026, 11, 5, 9, 30, tzinfo=UTC),
    datetime(2026, 11, 5, 9, 30, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC),
    datetime(1000, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 500_000, tzinfo=UTC),
]
LISTS = [
    "/api/tickets/list", "/api/messages/list", "/api/conversations/list",
    "/api/tickets/{ticket}/events", "/api/tokens/{token}/events", "/api/users/list",
    "/api/workgroups/list", "/api/tokens/list",
]  # fmt: skip
# A person is shown with their workgroups and a token with what it may do now.
OBJECTS = {"/api/users/list", "/api/workgroups/list", "/api/tokens/list"}


@pytest.fixture
def desk(alice, bob, carol, dora):
    """Return ids of a desk with something odd in every column."""
    dice = random.Random(7)
    group = Workgroup.objects.create(name="Billing 账单")
    tickets = []
    for number in range(12):
        requester = dice.choice([alice, bob])
        requester.display_name = dice.choice(["", *ODD[:3]])
        requester.save()
        ticket = Ticket.objects.open_for(
            by=Actor(dora),
            requester=requester,
            title=dice.choice(ODD).strip(),
            content=dice.choice([*ODD, "long " * 2_000]),
            priority=dice.choice(Ticket.Priority.values),
            tags=dice.sample(["api", "你好", "ünder", "0"], dice.randrange(4)),
            assignee=dice.choice([None, carol]),
            workgroup=dice.choice([None, group]),
            external_source="shop",
            external_id=f"№ {number}",
        )
        moments = ["created_at", "updated_at", "first_response_at", "waiting_since"]
        Ticket.objects.filter(pk=ticket.pk).update(
            **{name: dice.choice(MOMENTS) for name in moments}
        )
        conversation = Conversation.objects.for_ticket(ticket)
        for turn in range(3):
            by = dice.choice([requester, carol, dora])
            conversation.post(
                by=Actor(by),
                content=dice.choice([*ODD, "*long* " * 2_000]),
                internal=by != requester and dice.random() < 0.3,
                client_id=dice.choice(["", f"c-{number}-{turn}"]),
                force=True,
            )
        tickets.append(ticket)
    recalled = Message.objects.filter(author=carol).last()
    recalled.recall(by=Actor(carol))
    longest = Message.objects.filter(size__gt=rows.SHORT, internal=False).last()
    Conversation.objects.start(by=Actor(alice))
    token = AccessToken.objects.issue(user=carol, name="night job", by=Actor(dora))[0]
    token.disable(by=Actor(dora), reason="a “reason”")
    return {
        "ticket": tickets[3].pk, "token": token.pk, "message": longest.pk, "recalled": recalled.pk,
        "conversation": longest.conversation_id,
    }  # fmt: skip


def addresses():
    for address in LISTS:
        yield address
        yield f"{address}?fields=id"
    for ordering in ("created_at", "-priority", "waiting_since", "-updated_at"):
        yield f"/api/tickets/list?ordering={ordering}&limit=3&fields=id,title"
    yield "/api/tickets/{ticket}"
    yield "/api/tickets/{ticket}?fields=id,content"
    yield "/api/tokens/{token}"
    yield "/api/messages/{message}"
    yield "/api/messages/{recalled}"
    yield "/api/conversations/{conversation}"
    yield "/api/tickets/list?limit=5&with_count=true"
    yield "/api/tickets/list?search=gr%C3%BC%C3%9Fe"
    yield "/api/tickets/list?status=new,open&tag=api&limit=2"
    yield "/api/messages/list?ticket={ticket}"
    yield "/api/messages/list?ticket={ticket}&fields=id,seq,content_html"
    yield "/api/conversations/list?ordering=-last_message_at&limit=4"


@pytest.mark.parametrize("person", ["alice", "carol", "dora"])
def test_rows_say_what_objects_say(person, desk, as_user, request, monkeypatch):
    client = as_user(request.getfixturevalue(person))
    urls = [address.format(**desk) for address in addresses()]
    by_rows = [client.get(url) for url in urls]

    read = []
    monkeypatch.setattr(viewsets, "reader_of", as_objects(read))
    for url, ours in zip(urls, by_rows, strict=True):
        theirs = client.get(url)
        assert ours.status_code == theirs.status_code, url
        if ours.status_code == 200:
            assert ours.json() == theirs.json(), url
            # In the same order, too.
            assert [*map(list, ours.json())] == [*map(list, theirs.json())], url
            for header in ("Link", "X-Total-Count"):
                assert ours.headers.get(header) == theirs.headers.get(header), url
    assert len(read) > 10


def as_objects(read):
    def reader_of(serializer, sorted_by):
        fields = serializer.child.fields.items()
        large = {name: field.large for name, field in fields if hasattr(field, "large")}
        read.append(serializer)
        return rows.Objects(serializer, large, sorted_by)

    return reader_of


def test_lists_are_read_without_objects(desk, dora, as_user, monkeypatch):
    made = []
    monkeypatch.setattr(rows.Objects, "read", lambda self, found, most: made.append(1) or ([], 0))
    client = as_user(dora)

    for address in LISTS:
        made.clear()
        assert client.get(address.format(**desk)).status_code == 200
        assert bool(made) == (address in OBJECTS), address


@pytest.mark.parametrize("person", ["carol", "dora"])
def test_each_field_can_be_asked_for_alone(person, desk, as_user, request):
    client = as_user(request.getfixturevalue(person))
    for address in LISTS:
        whole = client.get(address.format(**desk))
        for name in whole.json()[0] if whole.status_code == 200 else ():
            alone = client.get(address.format(**desk), {"fields": name})
            assert alone.json() == [{name: row[name]} for row in whole.json()], (address, name)


def test_a_row_of_an_older_version_is_rendered(desk, dora, as_user):
    message = Message.objects.filter(recalled_at=None, html__contains="long").last()
    Message.objects.filter(pk=message.pk).update(html="old", html_version=VERSION - 1)

    listed = as_user(dora).get("/api/messages/list?limit=200").json()

    assert [row["content_html"] for row in listed if row["id"] == message.pk] == [message.html]


@pytest.mark.parametrize(
    "data",
    [
        {"text": text, "list": [text]} for text in [*ODD, "\ud800", "\x00\x1f\x7f"]
    ]
    + [
        2**63, -(2**63), 2**64, 2**70, 1.5, 1e300, True, None, [], {}, {1: "one"},
        Decimal("1.10"), timedelta(seconds=90), lazystr("lazy"), {"a": lazystr("lazy")},
        ErrorDetail("wrong", "invalid"), Ticket.Priority.HIGH, MOMENTS[:4], (1, 2),
    ],
    ids=repr,
)  # fmt: skip
def test_json_is_what_the_stock_renderer_writes(data):
    stock = JSONRenderer()
    stock.ensure_ascii = True
    ours, stock = FastJSONRenderer().render(data), stock.render(data)

    assert ours == stock == b"" or json.loads(ours) == json.loads(stock)
