"""Serializers whose fields are worked out once: what one answer does, the next does not see."""

from __future__ import annotations

import pytest
from django.utils import translation
from rest_framework import serializers

from accounts.models import User
from accounts.serializers import PersonSerializer
from rest.serializers import FastModelSerializer
from tickets.models import Ticket
from tickets.serializers import TicketSerializer


def test_trimming_one_answer_leaves_the_next_one_whole(dora, bearer):
    client = bearer(dora)

    trimmed = client.get("/api/users/list?fields=id,username")
    whole = client.get("/api/users/list")

    assert trimmed.json() == [{"id": dora.pk, "username": dora.username}]
    assert set(whole.json()[0]) == set(PersonSerializer.Meta.fields) - {"password"}


def test_two_serializers_at_once_have_fields_of_their_own(dora, carol):
    first, second = PersonSerializer(dora), PersonSerializer(carol)

    assert first.fields["username"].parent is first
    assert second.fields["username"].parent is second
    assert (first.data["username"], second.data["username"]) == (dora.username, carol.username)


@pytest.mark.parametrize("model", [User, Ticket])
def test_a_shape_shows_every_column_as_the_stock_serializer_does(dora, model):
    Ticket.objects.create(title="Printer", content="Smoke", requester=dora, priority="high")
    columns = [
        field.name for field in model._meta.fields if field.name not in {"priority", "avatar"}
    ]
    meta = type("Meta", (), {"model": model, "fields": columns})

    shape = type("Shape", (FastModelSerializer,), {"Meta": meta})(model.objects.get())
    stock = type("Stock", (serializers.ModelSerializer,), {"Meta": meta})(model.objects.get())

    assert shape.data == stock.data
    assert list(shape.data) == list(stock.data)


def test_a_refusal_speaks_the_language_of_whoever_gets_it():
    sentences = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            given = TicketSerializer(data={"title": "x" * 201, "content": "y"})
            given.is_valid()
            sentences.append(str(given.errors["title"][0]))

    assert sentences[1] == "Ensure this field has no more than 200 characters."
    assert sentences[0] != sentences[1]
