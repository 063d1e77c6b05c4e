"""Input that no client means, to every call that writes: refused in kind, and nothing changes."""

from __future__ import annotations

import json
import random

import pytest
from django.apps import apps
from django.db import connection, transaction

from tests.api.every_call import Call, one_of_each, writes
from tests.api.test_parsing import BODIES

CALLS = writes()
ROOMS = ("accounts", "tokens", "tickets", "messaging", "configuration", "rest")

VALUES = {
    "null": None,
    "true": True,
    "negative": -1,
    "fraction": 1.5,
    "huge integer": 10**30,
    "beyond 64 bits": 2**63,
    "huge float": 1e308,
    "empty text": "",
    "blank": " \t\n ",
    "long text": "x" * 200_000,
    "emoji": "👩‍👩‍👧‍👦🇨🇳" * 30,
    "turned text": "\u202eabc\u2066",
    "control characters": "a\x01\x1b[31m\x7f",
    "date": "2026-02-30T25:61:00Z",
    "year 0": "0000-01-01T00:00:00Z",
    "far away": "9999-12-31T23:59:59+14:00",
    "sql": "'; DROP TABLE users; --",
    "list": [],
    "list of anything": [None, True, -1, 10**30, "x", [], {}],
    "long list": ["x"] * 5000,
    "object": {},
    "nested": {"a": {"b": {"c": [{"d": 1}]}}},
    "lookup": {"pk__gt": 0},
}
SAMPLE = 8
# An empty body is an empty object, which some calls take.
REFUSED = [(body, code) for body, code in BODIES if code is not None]


def snapshot() -> dict[str, list]:
    """Return every row of ours."""
    return {
        model.__name__: sorted(map(repr, model._base_manager.values_list()))
        for room in ROOMS
        for model in apps.get_app_config(room).get_models(include_auto_created=True)
    }


def assert_refused_in_kind(response, what: object) -> None:
    assert response["Content-Type"] == "application/problem+json", what
    body = response.json()
    assert (body["status"], bool(body["code"]), bool(body["detail"])) == (
        response.status_code,
        True,
        True,
    ), what


def send(client, call: Call, ids, body: bytes, kind: str = "application/json"):
    return client.generic(call.method.upper(), call.address(ids), body, content_type=kind)


@pytest.mark.parametrize("call", one_of_each(CALLS), ids=str)
def test_a_hostile_value_in_any_field(call, ids, dora, as_user):
    client = as_user(dora)
    client.raise_request_exception = False
    before = snapshot()
    # PostgreSQL, which is the stricter one, gets all of them in each run.
    seed = random.randrange(10**6)
    chosen = random.Random(seed)
    count = len(VALUES) if connection.vendor == "postgresql" else SAMPLE

    for name in [*call.fields(dora), "version", "no_such_field"]:
        for kind, value in chosen.sample(list(VALUES.items()), count):
            with transaction.atomic():
                response = send(client, call, ids, json.dumps({name: value}).encode())
                # What was accepted is taken back; what was refused must have left nothing.
                transaction.set_rollback(response.status_code < 400)
            what = (seed, name, kind, response.status_code, response.content[:300])
            assert response.status_code in (200, 201, 400, 403, 404, 409, 412), what
            if response.status_code >= 400:
                assert_refused_in_kind(response, what)
    assert snapshot() == before


@pytest.mark.once
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_hostile_body(call, ids, dora, as_user):
    client = as_user(dora)
    before = snapshot()

    for body, code in BODIES:
        response = send(client, call, ids, body)
        if code is None:  # an empty body is an empty object
            assert response.status_code < 500
            before = snapshot()
            continue
        assert (response.status_code, response.json()["code"]) == (400, code), body[:60]
        assert_refused_in_kind(response, body[:60])
    assert snapshot() == before


@pytest.mark.once
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_body_of_another_kind_or_too_large(call, ids, dora, as_user):
    client = as_user(dora)
    before = snapshot()

    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        response = send(client, call, ids, b"title=x", kind)
        assert response.status_code == 415, kind
        assert_refused_in_kind(response, kind)
    response = send(client, call, ids, b'{"title": "' + b"x" * 3_000_000 + b'"}')
    assert response.status_code == 413
    assert_refused_in_kind(response, "3 MB")
    assert snapshot() == before


@pytest.mark.once
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_hostile_headers(call, ids, dora, as_user):
    client = as_user(dora)
    before = snapshot()

    for headers in (
        {"If-Match": '"x"'},
        {"If-Match": '"' + "9" * 500 + '"'},
        *([{"Idempotency-Key": "x" * 300}] if call.method == "post" else []),
    ):
        response = client.generic(
            call.method.upper(), call.address(ids), b"{}", "application/json", headers=headers
        )
        assert response.status_code == 400, headers
        assert_refused_in_kind(response, headers)
    assert snapshot() == before
