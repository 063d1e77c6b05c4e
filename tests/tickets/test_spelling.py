"""Tags and searches, however they are spelled."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.actor import Actor
from messaging.models import Conversation
from tests.tickets.calls import CREATE, LIST, ids
from tickets.models import Ticket, TicketTag, tag
from tickets.models.tag import SEPARATORS, split_tags


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["café", "cafe\u0301", "CAFÉ"], ["café"]),
        (["ＶＩＰ", "vip"], ["vip"]),
        (["Straße", "STRASSE"], None),
        (["wrong  vat", "Wrong VAT"], ["wrong vat"]),
    ],
)
def test_a_tag_is_one_in_every_spelling(typed, kept, carol, as_user):
    client = as_user(carol)
    made = client.post(CREATE, {"title": "T", "content": "C", "tags": typed}).json()

    assert len(made["tags"]) == 1
    assert made["tags"] == kept or kept is None
    for spelling in typed:
        assert ids(client.get(LIST, {"tag[]": spelling})) == [made["id"]]
    assert TicketTag.objects.count() == 1


def test_another_spelling_takes_the_place_of_the_first(open_ticket, carol, as_user):
    client, ticket = as_user(carol), open_ticket(carol, tags=["straße", "x"])

    assert client.put(f"/api/tickets/{ticket.pk}", {"tags": ["strasse"]}).json()["tags"] == [
        "strasse"
    ]
    assert list(TicketTag.objects.values_list("name", flat=True)) == ["strasse"]


def test_every_comma_parts_tags():
    assert split_tags("退款，发票、加急; vip") == ["退款", "发票", "加急", " vip"]
    assert split_tags("; ，\n,") == []


@pytest.mark.parametrize("separator", SEPARATORS)
def test_what_parts_tags_is_in_none(separator, carol, as_user):
    body = {"title": "T", "content": "C", "tags": [f"a{separator}b"]}

    assert as_user(carol).post(CREATE, body).status_code == 400
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["müller", "MÜLLER", "mu\u0308ller", "привет", "ПРИВЕТ", "abc123", "ＡＢＣ１２３", "STRASSE"],
)
def test_a_search_finds_every_spelling(text, open_ticket, carol, as_user):
    here = open_ticket(carol, title="MÜLLER ПРИВЕТ", content="ＡＢＣ１２３ straße")
    open_ticket(carol, title="Another", content="one")
    client = as_user(carol)
    talk = Conversation.objects.for_ticket(here)
    message, _ = talk.post(by=Actor(carol), content="mu\u0308ller привет ABC123 Straße")

    assert ids(client.get(LIST, {"search": text})) == [here.pk]
    assert ids(client.get("/api/messages/list", {"search": text})) == [message.pk]


def test_a_search_follows_what_is_edited(open_ticket, carol, as_user):
    ticket, client = open_ticket(carol, title="One", content="C"), as_user(carol)
    message, _ = Conversation.objects.for_ticket(ticket).post(by=Actor(carol), content="Three")

    ticket.edit(by=Actor(carol), title="ZWÖI")
    message.edit(by=Actor(carol), content="VIÈR")

    assert ids(client.get(LIST, {"search": "zwöi"})) == [ticket.pk]
    assert ids(client.get(LIST, {"search": "one"})) == []
    assert ids(client.get("/api/messages/list", {"search": "vièr"})) == [message.pk]
    assert ids(client.get("/api/messages/list", {"search": "three"})) == []


def test_a_text_that_grows_when_it_is_compared_is_kept_and_found(open_ticket, carol, as_user):
    text = "ﷺ" * 49_000
    ticket = open_ticket(carol, content=f"first {text}")

    assert Ticket.objects.get().content == f"first {text}"
    assert ids(as_user(carol).get(LIST, {"search": "FIRST"})) == [ticket.pk]
    assert len(Ticket.objects.values_list("searched", flat=True).get()) == 100_000


def test_lists_read_no_text_twice(open_ticket, carol):
    open_ticket(carol)

    assert "searched" in Ticket.objects.all()[0].get_deferred_fields()


@pytest.mark.parametrize("names", [["x" * 51], [str(n) for n in range(101)]], ids=["long", "many"])
def test_too_many_or_too_long_tags_are_not_even_compared(names, monkeypatch):
    monkeypatch.setattr(tag, "compared", lambda name: pytest.fail(name))

    with pytest.raises(ValidationError):
        tag.clean_tags(names)
