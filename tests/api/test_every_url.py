"""Every call of the API as nobody, customer, agent, administrator and weak token."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.api.every_call import Call, every_call
from tokens.scopes import ROLE_SCOPES, Scope

CALLS = every_call()
OFFERED = [call for call in CALLS if call.action]
FAMILIES = sorted({call.family for call in CALLS})
IMPOSSIBLE_IDS = ["abc", "-1", "0", "1.0", "9" * 19, "9" * 40, "٣", "1%20or%201=1", "..%2f..", "🙂"]


def send(client: APIClient, call: Call, ids: dict[str, str], suffix: str = ""):
    """Make the call, and take back what it wrote, so that the next one finds the same."""
    body = {} if call.method in ("post", "put", "patch") else None
    with transaction.atomic():
        response = getattr(client, call.method)(call.address(ids) + suffix, body)
        transaction.set_rollback(True)
    return response


def assert_problem(response, call: Call) -> None:
    assert response["Content-Type"] == "application/problem+json", call
    body = response.json()
    assert body["status"] == response.status_code, call
    assert body["code"], call
    assert body["detail"], call


def test_the_walk_finds_the_whole_api():
    assert set(FAMILIES) >= {"users", "user-profile", "tickets", "messages", "statistics"}
    assert len(OFFERED) > 60


def test_each_call_declares_its_scope():
    for call in OFFERED:
        assert call.needed in {"profile", "login", *Scope.values}, call


def test_nobody_gets_401(db):
    for call in CALLS:
        response = send(APIClient(), call, {call.family: "1"})

        assert response.status_code == 401, call
        assert response["WWW-Authenticate"] == 'Bearer realm="api"', call
        assert_problem(response, call)


def test_a_bad_token_gets_401(db):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer eyJhbGciOiJIUzM4NCJ9.e30.AAAA")

    for call in OFFERED:
        cache.clear()  # else the throttle of failures answers in the end
        response = send(client, call, {call.family: "1"})

        assert response.status_code == 401, call
        assert response.json()["code"] == "token-invalid", call
        assert 'error="invalid_token"' in response["WWW-Authenticate"], call


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("who", ["alice", "carol", "dora"])
def test_a_role_does_what_it_may_and_nothing_fails(who, family, ids, request, as_user):
    person = request.getfixturevalue(who)
    client = as_user(person)

    for call in [call for call in CALLS if call.family == family]:
        response = send(client, call, ids)

        assert response.status_code < 500, call
        if response.status_code >= 400:
            assert_problem(response, call)
        if not call.is_for(ROLE_SCOPES[person.role]):
            assert (response.status_code, response.json()["code"]) == (403, "role"), call
        elif not call.action:
            assert response.status_code == 405, call
            assert response["Allow"], call


def test_a_weak_token_does_only_what_it_may(ids, dora, bearer):
    client = bearer(dora, scopes=["statistics:read"])

    for call in OFFERED:
        response = send(client, call, ids)

        is_profile_read = call.needed == "profile" and call.method == "get"
        if call.needed == "statistics:read" or is_profile_read:
            assert response.status_code not in (401, 403), call
            assert response.status_code < 500, call
        else:
            assert response.status_code == 403, call
            assert response.json()["code"] == "insufficient-scope", call
            assert 'error="insufficient_scope"' in response["WWW-Authenticate"], call


def test_reading_writes_nothing(ids, dora, as_user):
    client = as_user(dora)

    for call in [call for call in OFFERED if call.method == "get"]:
        with CaptureQueriesContext(connection) as queries:
            send(client, call, ids)
        writing = ("INSERT", "UPDATE", "DELETE")
        assert not [row["sql"] for row in queries if row["sql"].startswith(writing)], call


def test_impossible_ids_are_not_found(dora, as_user):
    client = as_user(dora)

    for call in [call for call in OFFERED if call.has_id]:
        cache.clear()  # else the throttle answers in the end
        for impossible in IMPOSSIBLE_IDS:
            response = send(client, call, {call.family: impossible})
            assert response.status_code == 404, (call, impossible)
            assert_problem(response, call)


def test_the_slash_at_the_end_changes_nothing(ids, dora, as_user):
    client = as_user(dora)

    for call in OFFERED:
        plain, slashed = send(client, call, ids), send(client, call, ids, "/")
        assert slashed.status_code == plain.status_code, call
        assert slashed.status_code not in (301, 302, 307, 308), call
