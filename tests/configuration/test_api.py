"""/api/settings, as administrators, tokens and everybody else meet it."""

from __future__ import annotations

import pytest

from configuration.declared import SETTINGS
from configuration.models import ConfigurationEvent, ConfigurationValue
from configuration.values import value


@pytest.fixture
def dora_by_token(dora, bearer):
    return bearer(dora, scopes=["settings:write"])


def test_an_administrator_lists_all_settings_as_a_bare_array(dora, as_user):
    response = as_user(dora).get("/api/settings/list")

    assert response.status_code == 200
    assert [row["key"] for row in response.json()] == list(SETTINGS)
    shown = {row["key"]: row for row in response.json()}
    assert shown["reopen_window_days"] == {
        "key": "reopen_window_days",
        "value": 7,
        "default": 7,
        "type": "integer",
        "group": "tickets",
        "label": "Reopen window",
        "help": "How long the requester can reopen a resolved ticket. 0: not at all.",
        "choices": None,
        "minimum": 0,
        "maximum": 365,
        "unit": "days",
        "security": False,
        "updated_at": None,
        "version": 0,
    }
    assert [choice["value"] for choice in shown["default_priority"]["choices"]] == [
        "low",
        "medium",
        "high",
        "urgent",
    ]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_value_is_written_and_the_answer_is_the_setting(dora, dora_by_token, method):
    response = getattr(dora_by_token, method)("/api/settings/reopen_window_days", {"value": 14})

    assert response.status_code == 200
    assert response.json()["value"] == 14
    assert response.json()["version"] == 1
    assert response.json()["updated_at"].endswith("Z")
    assert response["ETag"] == '"1"'
    assert value("reopen_window_days") == 14
    event = ConfigurationEvent.objects.get()
    assert (event.actor_id, event.token_id is not None) == (dora.pk, True)


def test_read_edit_write_of_the_whole_object_works(dora, as_user):
    client = as_user(dora)
    whole = client.get("/api/settings/attachment_types").json()

    response = client.put("/api/settings/attachment_types", whole | {"value": ["image/png"]})

    assert response.status_code == 200
    assert value("attachment_types") == ["image/png"]


def test_delete_gives_the_default_back_and_answers_what_was(dora, as_user):
    client = as_user(dora)
    client.put("/api/settings/site_name", {"value": "Desk"})

    response = client.delete("/api/settings/site_name")

    assert response.status_code == 200
    assert response.json()["value"] == "Desk"
    assert value("site_name") == "Weiyu"
    assert client.get("/api/settings/site_name").json()["version"] == 2


@pytest.mark.parametrize(
    ("key", "body", "field", "code"),
    [
        ("reopen_window_days", {"value": "7"}, "value", "invalid"),
        ("reopen_window_days", {"value": 366}, "value", "out-of-range"),
        ("reopen_window_days", {"value": None}, "value", "null"),
        ("reopen_window_days", {"valeu": 7}, "valeu", "unknown-field"),
        ("site_name", {"value": {"a": 1}}, "value", "invalid"),
        ("token_default_days", {"value": 366}, "value", "contradiction"),
        ("token_longest_days", {"value": 29}, "value", "contradiction"),
    ],
)
def test_bad_input_is_refused_by_field_and_changes_nothing(dora, as_user, key, body, field, code):
    response = as_user(dora).put(f"/api/settings/{key}", body)

    assert response.status_code == 400
    assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [(field, code)]
    assert value(key) == SETTINGS[key].default
    assert not ConfigurationEvent.objects.exists()


@pytest.mark.parametrize("key", ["nothing", "7", "site_name%20", "x" * 300])
def test_an_unknown_key_is_not_there(dora, as_user, key):
    client = as_user(dora)

    assert client.get(f"/api/settings/{key}").status_code == 404
    assert client.put(f"/api/settings/{key}", {"value": 1}).status_code == 404
    assert client.delete(f"/api/settings/{key}").status_code == 404
    assert not ConfigurationValue.objects.exists()


def test_settings_are_not_created(dora, as_user):
    assert as_user(dora).post("/api/settings/create", {"value": 1}).status_code in {404, 405}


def test_an_unknown_parameter_is_refused(dora, as_user):
    response = as_user(dora).get("/api/settings/list?group=tickets")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "group"


def test_a_parameter_that_stands_twice_is_refused(dora, as_user):
    response = as_user(dora).get("/api/settings/list?fields=key&fields=value")

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == ("fields", "doubled-parameter")


def test_fields_trims_the_objects(dora, as_user):
    rows = as_user(dora).get("/api/settings/list?fields=key,value").json()

    assert rows[0] == {"key": "site_name", "value": "Weiyu"}


def test_the_second_of_two_writers_gets_412_with_the_present_setting(dora, as_user):
    client = as_user(dora)
    client.put("/api/settings/site_name", {"value": "First"})

    response = client.put(
        "/api/settings/site_name", {"value": "Second"}, headers={"If-Match": '"0"'}
    )

    assert response.status_code == 412
    assert response.json()["code"] == "stale-version"
    assert response.json()["current"]["value"] == "First"
    assert value("site_name") == "First"


def test_no_token_writes_security_settings(dora_by_token, as_user, dora):
    response = dora_by_token.put("/api/settings/token_longest_days", {"value": 3650})

    assert response.status_code == 403
    assert response.json()["code"] == "security-setting"
    assert dora_by_token.delete("/api/settings/token_longest_days").status_code == 403
    assert value("token_longest_days") == 365
    assert as_user(dora).put(
        "/api/settings/token_longest_days", {"value": 3650}
    ).status_code == 200  # fmt: skip


def test_a_token_that_may_only_read_does_not_write(dora, bearer):
    client = bearer(dora, scopes=["settings:read"])

    assert client.get("/api/settings/list").status_code == 200
    assert client.put("/api/settings/site_name", {"value": "X"}).status_code == 403
    assert value("site_name") == "Weiyu"


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_only_administrators_see_or_write_settings(who, request, as_user):
    client = as_user(request.getfixturevalue(who))

    assert client.get("/api/settings/list").status_code == 403
    assert client.get("/api/settings/site_name").status_code == 403
    assert client.put("/api/settings/site_name", {"value": "X"}).status_code == 403
    assert value("site_name") == "Weiyu"


def test_nobody_gets_401(db, client):
    assert client.get("/api/settings/list").status_code == 401


def test_a_list_costs_two_queries_with_the_token_check(dora, bearer, django_assert_num_queries):
    client = bearer(dora, scopes=["settings:read"])
    client.get("/api/settings/list")

    with django_assert_num_queries(2):
        client.get("/api/settings/list")
