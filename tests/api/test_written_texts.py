"""Every text that a call writes: in one normal form, and names without traps."""

from __future__ import annotations

import json

import pytest
from rest_framework.fields import CharField, ChoiceField

from accounts.actor import Actor
from messaging.models import Conversation
from tests.api.every_call import Call, one_of_each, writes
from tests.api.test_hostile_input import snapshot

TEXTS = [
    (call, name)
    for call in one_of_each(writes())
    for name, field in call.declared().items()
    if isinstance(field, CharField) and not isinstance(field, ChoiceField)
]
# Chosen by other systems and by programs: kept and compared as they came. A page is an address.
OPAQUE = {"external_id", "external_source", "client_id", "next", "password"}
# Words of a list, though the columns are texts.
WORDS = {"language", "time_zone"}
NAMES = {"title", "display_name", "name", "username", "email"}
LONG = {"content", "description", "reason"}
NEEDED = {
    ("tickets", "create"): {"title": "T", "content": "C"},
    ("users", "create"): {"username": "kim"},
    ("workgroups", "create"): {"name": "W"},
    ("tokens", "create"): {"name": "N"},
}
INVISIBLE = ["\u200b", "\u3164", "\ufeff", "\u00ad", "\u2060", "\u2800", "\u200b \u3164"]


def send(client, call: Call, ids, body: dict):
    needed = dict(NEEDED.get((call.family, str(call.action)), {}))
    if (call.family, call.action) == ("messages", "create"):
        needed = {"ticket": int(ids["tickets"]), "content": "C"}
    text = json.dumps({**needed, **body})
    return client.generic(call.method.upper(), call.address(ids), text, "application/json")


def chosen(names: set[str]) -> list[tuple[Call, str]]:
    return [(call, name) for call, name in TEXTS if name in names]


def test_every_text_is_known():
    assert {name for _call, name in TEXTS} == OPAQUE | WORDS | NAMES | LONG


@pytest.mark.parametrize(("call", "name"), chosen(NAMES | LONG - {"reason"}), ids=str)
def test_a_text_is_kept_composed(call, name, ids, dora, as_user):
    ids = {**ids, "messages": _own_message(ids, dora)}
    end = "@example.com" if name == "email" else ""

    response = send(as_user(dora), call, ids, {name: f"Cafe\u0301{end}"})

    assert response.status_code in (200, 201), response.content
    assert response.json()[name] == f"Café{end}"


@pytest.mark.parametrize(("call", "name"), chosen(NAMES), ids=str)
def test_a_name_that_turns_what_stands_around_it_is_refused(call, name, ids, dora, as_user):
    client = as_user(dora)
    before = snapshot()

    for turning in "\u202e\u202d\u202b\u2067":
        response = send(client, call, ids, {name: f"refund{turning}05.1"})

        assert response.status_code == 400
        assert {error["field"] for error in response.json()["errors"]} == {name}
    assert snapshot() == before


@pytest.mark.parametrize(("call", "name"), chosen(NAMES | {"content"}), ids=str)
def test_what_nobody_can_see_is_blank(call, name, ids, dora, as_user):
    client = as_user(dora)
    ids = {**ids, "messages": _own_message(ids, dora)}
    before = snapshot()

    for text in INVISIBLE:
        response = send(client, call, ids, {name: text})

        if name == "display_name":
            # People may be without one: then the username is shown.
            assert response.status_code in (200, 201), response.content
            assert response.json()[name] == ""
            return
        assert response.status_code == 400, response.content
        error = response.json()["errors"][0]
        assert error["field"] == name
        assert name == "email" or error["code"] == "blank", error
    assert snapshot() == before


def _own_message(ids, author) -> str:
    conversation = Conversation.objects.get(pk=ids["conversations"])
    return str(conversation.post(by=Actor(author), content="Mine.")[0].pk)
