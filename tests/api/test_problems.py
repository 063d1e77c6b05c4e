"""Refusals of every kind as problem+json."""

from __future__ import annotations

import json
import logging

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404
from django.utils import translation
from rest_framework import exceptions

from accounts.views import UserViewSet
from records.errors import Conflict, Forbidden, Stale
from rest import problems
from tokens.errors import Refused

MEMBERS = {"type", "title", "status", "detail", "code", "errors", "request_id"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "not-found"),
        (exceptions.NotFound(), 404, "not-found"),
        (PermissionDenied(), 403, "forbidden"),
        (exceptions.PermissionDenied(), 403, "forbidden"),
        (Forbidden("No.", code="role"), 403, "role"),
        (Conflict("No.", code="invalid_transition", allowed=["open"]), 409, "invalid-transition"),
        (Stale("No."), 412, "stale-version"),
        (ValidationError("No.", code="too_long"), 400, "too-long"),
        (ValidationError({"title": ["No."]}), 400, "invalid"),
        (exceptions.ParseError(), 400, "malformed"),
        (exceptions.MethodNotAllowed("GET"), 405, "method-not-allowed"),
        (exceptions.UnsupportedMediaType("x/y"), 415, "media-type-unsupported"),
        (exceptions.Throttled(wait=3.2), 429, "rate-limited"),
        (exceptions.NotAuthenticated(), 401, "token-missing"),
        (RequestDataTooBig(), 413, "body-too-large"),
        (Refused("token-expired"), 401, "token-expired"),
        (Refused("insufficient-scope", scope="tickets:write"), 403, "insufficient-scope"),
    ],
)
def test_each_refusal_has_its_status_and_code(error, status, code):
    response = problems.problem_response(error, {})

    body = _json(response)
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert set(body) >= MEMBERS
    assert body["detail"].strip()


def test_details_of_a_conflict_stand_beside():
    body = _json(problems.answer(Conflict("No.", code="x", allowed=["open"]), None))

    assert body["allowed"] == ["open"]


def test_nested_errors_become_dotted_fields():
    error = exceptions.ValidationError(
        {"members": {3: ["Not a number."]}, "non_field_errors": ["Odd."], "title": ["Blank."]}
    )

    errors = _json(problems.answer(error, None))["errors"]

    assert [error["field"] for error in errors] == ["members.3", "", "title"]


def test_a_bad_token_is_challenged_in_plain_english():
    with translation.override("zh-hans"):
        response = problems.answer(Refused("token-expired"), None)

    challenge = response["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="api", error="invalid_token", error_description="')
    assert challenge.isascii()


def test_a_missing_scope_is_named():
    response = problems.answer(Refused("insufficient-scope", scope="tickets:write"), None)

    assert response["WWW-Authenticate"] == (
        'Bearer realm="api", error="insufficient_scope", scope="tickets:write"'
    )


def test_a_throttled_call_says_when_to_come_back():
    assert problems.answer(exceptions.Throttled(wait=3.2), None)["Retry-After"] == "4"


def test_what_nobody_expected_stays_djangos():
    assert problems.problem_response(KeyError("x"), {}) is None


def test_a_failure_of_ours_is_a_problem_without_a_word_about_it(dora, as_user, monkeypatch, caplog):
    def fail(self):
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(UserViewSet, "get_queryset", fail)
    client = as_user(dora)
    client.raise_request_exception = False

    with caplog.at_level(logging.ERROR):
        response = client.get("/api/users/list")

    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "server-error"
    assert response.json()["request_id"] == response["X-Request-ID"]
    assert "secret" not in response.content.decode()
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [RuntimeError]


def test_a_foreign_host_is_a_problem_below_the_api(db, client):
    response = client.get("/api/users/list", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_the_request_id_is_that_of_the_header(client, db):
    response = client.get("/api/users/list", headers={"X-Request-ID": "abc-123"})

    assert response.status_code == 401
    assert response.json()["request_id"] == response["X-Request-ID"] == "abc-123"


def _json(response):
    return json.loads(response.content)
