"""Every call of the API as nobody, customer, agent, administrator and weak token."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.api.every_call import Call, every_call
from tokens.scopes import ROLE_SCOPES, Scope

CALLS = every_call()
OFFERED = [call for call in CALLS if call.action]
WITH_ID = [call for call in OFFERED if call.has_id and call.family != "settings"]
IMPOSSIBLE_IDS = ["abc", "-1", "0", "1.0", "9" * 19, "9" * 40, "٣", "1%20or%201=1", "..%2f..", "🙂"]


def send(client: APIClient, call: Call, ids: dict[str, str]):
    body = {} if call.method in ("post", "put", "patch") else None
    return getattr(client, call.method)(call.address(ids), body)


def assert_problem(response) -> None:
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["code"]
    assert body["detail"]


def test_the_walk_finds_the_whole_api():
    families = {call.family for call in CALLS}

    assert families >= {"users", "workgroups", "user-profile", "tickets", "messages", "statistics"}
    assert len(OFFERED) > 60


@pytest.mark.parametrize("call", OFFERED, ids=str)
def test_each_call_declares_its_scope(call):
    assert call.needed == "profile" or call.needed in Scope.values


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_nobody_gets_401(call, ids):
    response = send(APIClient(), call, ids)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert_problem(response)


@pytest.mark.parametrize("call", OFFERED, ids=str)
def test_a_bad_token_gets_401(call, ids):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer eyJhbGciOiJIUzM4NCJ9.e30.AAAA")

    response = send(client, call, ids)

    assert response.status_code == 401
    assert response.json()["code"] == "token-invalid"
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("who", ["alice", "carol", "dora"])
def test_a_role_does_what_it_may_and_nothing_fails(who, call, ids, request, as_user):
    person = request.getfixturevalue(who)
    may = call.needed == "profile" or call.needed in ROLE_SCOPES[person.role]

    response = send(as_user(person), call, ids)

    assert response.status_code < 500
    if response.status_code >= 400:
        assert_problem(response)
    if not may:
        assert response.status_code == 403
        assert response.json()["code"] == "role"
    elif not call.action:
        assert response.status_code == 405
        assert response["Allow"]


@pytest.mark.parametrize("call", OFFERED, ids=str)
def test_a_weak_token_does_only_what_it_may(call, ids, dora, bearer):
    response = send(bearer(dora, scopes=["statistics:read"]), call, ids)

    is_profile_read = call.needed == "profile" and call.method == "get"
    if call.needed == "statistics:read" or is_profile_read:
        assert response.status_code not in (401, 403)
        assert response.status_code < 500
    else:
        assert response.status_code == 403
        assert response.json()["code"] == "insufficient-scope"
        assert 'error="insufficient_scope"' in response["WWW-Authenticate"]


@pytest.mark.parametrize("call", [call for call in OFFERED if call.method == "get"], ids=str)
def test_reading_writes_nothing(call, ids, dora, as_user):
    client = as_user(dora)

    with CaptureQueriesContext(connection) as queries:
        send(client, call, ids)

    written = [
        query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
    ]
    assert written == []


@pytest.mark.parametrize("call", WITH_ID, ids=str)
def test_impossible_ids_are_not_found(call, dora, as_user):
    client = as_user(dora)

    for impossible in IMPOSSIBLE_IDS:
        response = send(client, call, {call.family: impossible})
        assert response.status_code == 404, impossible
        assert_problem(response)


@pytest.mark.parametrize("call", OFFERED, ids=str)
def test_the_slash_at_the_end_changes_nothing(call, ids, dora, as_user):
    slashed = APIClient.generic
    client = as_user(dora)
    address = f"{call.address(ids)}/"

    response = slashed(client, call.method.upper(), address)

    assert response.status_code not in (301, 302, 307, 308)
    assert response.status_code < 500
    if response.status_code == 404:
        assert getattr(client, call.method)(call.address(ids)).status_code == 404
