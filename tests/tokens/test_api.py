"""/api/tokens: who may read and write what, and where the token itself is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.actor import Actor
from rest.models import StoredAnswer
from tests.tokens.calls import CREATE, LIST, names, refused, rows, with_token
from tokens.models import AccessToken, TokenEvent
from tokens.signing.digests import digest_of

# --- Reading ------------------------------------------------------------------------------------


def test_administrators_see_all_and_everybody_else_their_own(dora, carol, alice, issue, as_user):
    for person in (dora, carol, alice):
        issue(person, name=person.display_name)

    assert names(as_user(dora).get(LIST)) == ["Alice", "Carol", "Dora"]
    assert names(as_user(carol).get(LIST)) == ["Carol"]
    assert names(as_user(alice).get(LIST)) == ["Alice"]
    assert APIClient().get(LIST).status_code == 401


def test_a_token_needs_the_permission_to_read(carol, bearer):
    assert names(bearer(carol, scopes=["tokens:read"], name="own").get(LIST)) == ["own"]
    refused(bearer(carol, scopes=["tickets:read"]).get(LIST), 403, "insufficient-scope")


def test_a_token_is_shown_whole_but_for_itself(carol, dora, issue, as_user):
    token, secret = issue(
        carol, name="CRM", scopes=["tickets:read"], domains=["crm.example.com"], days=30
    )
    client = as_user(carol)

    answer = client.get(f"/api/tokens/{token.pk}")

    assert answer.json() == {
        "id": token.pk,
        "name": "CRM",
        "description": "",
        "user": carol.pk,
        "user_name": "Carol",
        "state": "active",
        "scopes": ["tickets:read"],
        "domains": ["crm.example.com"],
        "networks": [],
        "allow_missing_referrer": False,
        "hint": secret[-6:],
        "created_at": f"{token.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "created_by": None,
        "expires_at": f"{token.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{token.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        "disabled_at": None,
        "disabled_by": None,
        "disabled_reason": "",
        "family": str(token.family),
        "predecessor": None,
        "successor": None,
        "grace_until": None,
        "used_after_rotation_at": None,
        "last_used_at": None,
        "last_used_address": None,
        "last_used_origin": "",
        "version": 1,
    }
    assert answer["ETag"] == '"1"'
    for text in (secret, digest_of(secret), token.handle):
        assert text not in answer.content.decode()


def test_a_stranger_finds_nothing(alice, bob, carol, issue, as_user):
    token, _ = issue(alice)

    for stranger in (bob, carol):
        for path in (f"/api/tokens/{token.pk}", f"/api/tokens/{token.pk}/events"):
            refused(as_user(stranger).get(path), 404, "not-found")


@pytest.mark.parametrize("rows", [3, 40])
def test_a_list_costs_two_queries_with_the_check_of_the_token(
    rows, dora, carol, issue, bearer, django_assert_num_queries
):
    for _ in range(rows):
        token, _secret = issue(carol)
        token.rotate(by=Actor(dora))
    client = bearer(dora, scopes=["tokens:read"])
    client.get(LIST)

    with django_assert_num_queries(2):
        assert len(client.get(f"{LIST}?limit=200").json()) == 2 * rows + 1


def test_lists_are_filtered_sorted_and_searched(dora, carol, issue, as_user):
    now = timezone.now()
    long_ago, soon = (f"{now + timedelta(days=n):%Y-%m-%dT%H:%M:%SZ}" for n in (-90, 3))
    plain, _ = issue(carol, name="plain", scopes=["tickets:read"])
    issue(dora, name="soon", days=2, description="for the night job")
    off, _ = issue(carol, name="off", scopes=[])
    off.disable(by=Actor(dora))
    old, _ = issue(carol, name="old", scopes=["tickets:write"])
    new, _ = old.rotate(by=Actor(dora))
    AccessToken.objects.filter(pk=new.pk).update(name="new")
    AccessToken.objects.filter(pk=plain.pk).update(
        created_at=now - timedelta(days=100), last_used_at=now - timedelta(days=95)
    )
    AccessToken.objects.filter(pk=off.pk).update(used_after_rotation_at=now)
    client = as_user(dora)

    for query, expected in (
        ("", ["new", "old", "off", "soon", "plain"]),
        ("state=active", ["new", "plain"]),
        ("state=grace,disabled", ["old", "off"]),
        ("state=expiring", ["soon"]),
        (f"user={dora.pk}", ["soon"]),
        ("user=me", ["soon"]),
        (f"user=me,{carol.pk}", ["new", "old", "off", "soon", "plain"]),
        ("scope=tickets:read", ["new", "old", "soon", "plain"]),
        ("scope=tickets:write", ["new", "old", "soon"]),
        (f"unused_since={long_ago}", ["plain"]),
        ("used_after_rotation=true", ["off"]),
        ("used_after_rotation=false", ["new", "old", "soon", "plain"]),
        (f"family={old.family}", ["new", "old"]),
        (f"hint={plain.hint}", ["plain"]),
        (f"expires_before={soon}", ["soon"]),
        ("search=night", ["soon"]),
        ("search=dora", ["soon"]),
        (f"search={off.hint}", ["off"]),
        ("ordering=expires_at&limit=1", ["soon"]),
    ):
        assert names(client.get(f"{LIST}?{query}")) == expected, query


@pytest.mark.parametrize(
    "query", ["state=good", "user=x", "scope=all", "unused_since=x", "family=1", "ordering=name"]
)
def test_a_filter_that_cannot_be_is_refused(query, dora, as_user):
    refused(as_user(dora).get(f"{LIST}?{query}"), 400, "invalid")


def test_the_events_of_a_token_are_listed_the_newest_first(dora, carol, issue, as_user):
    token, _ = issue(carol, name="CRM")
    issue(carol, name="other")
    token.edit(by=Actor(dora), name="CRM 2")
    token.record("denied", cause="token-expired", address="203.0.113.7", origin="https://a.example")
    client = as_user(carol)

    answer = client.get(f"/api/tokens/{token.pk}/events?limit=2")

    assert [event["verb"] for event in answer.json()] == ["denied", "edited"]
    assert 'rel="next"' in answer["Link"]
    denied, edited = answer.json()
    assert (denied["cause"], denied["address"], denied["origin"]) == (
        "token-expired", "203.0.113.7", "https://a.example",
    )  # fmt: skip
    assert edited["actor"] == dora.pk
    assert edited["details"] == {"changes": {"name": ["CRM", "CRM 2"]}}
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/api/tokens/{token.pk}/events")
    assert len(queries) == 4  # session, person, token, events


# --- Making -------------------------------------------------------------------------------------


def test_a_token_is_made_and_shown_in_this_answer_alone(dora, carol, as_user):
    client = as_user(dora)

    answer = client.post(
        CREATE,
        {
            "user": carol.pk,
            "name": "CRM",
            "scopes": ["tickets:read", "login:agent"],
            "domains": ["CRM.example.com."],
            "networks": ["203.0.113.0/24"],
        },
    )

    assert answer.status_code == 200, answer.content
    made = answer.json()
    token = AccessToken.objects.get()
    assert token.digest == digest_of(made["token"])
    assert (made["id"], made["user"], made["domains"]) == (token.pk, carol.pk, ["crm.example.com"])
    assert token.created_by == dora
    assert answer["Cache-Control"] == "no-store"
    assert with_token(made["token"]).get("/api/user/profile").status_code == 403  # no such network
    assert client.get(f"/api/tokens/{token.pk}").json() == {
        name: shown for name, shown in made.items() if name != "token"
    }
    verbs = (
        TokenEvent.objects.filter(actor_id=dora.pk).order_by("id").values_list("verb", "token_id")
    )
    assert list(verbs) == [("made", token.pk), ("shown", token.pk)]


def test_only_the_name_has_to_be_said(dora, as_user):
    answer = as_user(dora).post("/api/tokens", {"name": "mine"})

    assert answer.status_code == 201
    made = answer.json()
    assert made["user"] == dora.pk
    assert "tickets:write" in made["scopes"]
    assert "tokens:write" not in made["scopes"]
    token = AccessToken.objects.get()
    assert token.expires_at - token.created_at == timedelta(days=30)
    assert answer["Location"].endswith(f"/api/tokens/{token.pk}")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": None}, "name", "null"),
        ({"scopes": ["everything"]}, "scopes.0", "invalid-choice"),
        ({"scopes": "tickets:read"}, "scopes", "not-a-list"),
        ({"domains": ["*.com"]}, "domains", "too-wide"),
        ({"domains": ["a.example"] * 3 + ["x/y"]}, "domains", "not-only-a-domain"),
        ({"networks": ["10.0.0.1/8"]}, "networks", "bad-network"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at", "expires-too-soon"),
        ({"expires_at": "9999-01-01T00:00:00Z"}, "expires_at", "lives-too-long"),
        ({"expires_at": "soon"}, "expires_at", "invalid"),
        ({"user": 999_999}, "user", "does-not-exist"),
        ({"days": 3}, "days", "unknown-field"),
    ],
)
def test_what_cannot_be_stands_at_its_field_and_makes_nothing(body, field, code, dora, as_user):
    answer = as_user(dora).post(CREATE, {"name": "x", **body})

    assert answer.status_code == 400
    found = [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert found == [(field, code)]
    assert not AccessToken.objects.exists()


def test_the_person_must_have_the_right_and_be_there(dora, alice, carol, as_user):
    client = as_user(dora)

    beyond = client.post(CREATE, {"name": "x", "user": alice.pk, "scopes": ["users:read"]})
    carol.is_active = False
    carol.save()
    gone = client.post(CREATE, {"name": "x", "user": carol.pk})

    assert [error["code"] for error in beyond.json()["errors"]] == ["beyond-role"]
    assert [error["code"] for error in gone.json()["errors"]] == ["user-inactive"]
    assert not AccessToken.objects.exists()


def test_a_making_sent_twice_shows_the_token_once(dora, as_user):
    client = as_user(dora)
    key = {"Idempotency-Key": "token-for-crm"}

    first = client.post(CREATE, {"name": "CRM"}, headers=key)
    second = client.post(CREATE, {"name": "CRM"}, headers=key)

    refused(second, 409, "already-issued")
    assert second.json()["id"] == first.json()["id"]
    assert AccessToken.objects.count() == 1
    assert first.json()["token"] not in str(list(StoredAnswer.objects.values()))
    assert StoredAnswer.objects.get().body is None


# --- Changing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_administrator_changes_a_token(method, dora, carol, issue, as_user):
    token, _ = issue(carol)
    sooner = (timezone.now() + timedelta(days=3)).replace(microsecond=0)

    answer = getattr(as_user(dora), method)(
        f"/api/tokens/{token.pk}",
        {
            "name": "New",
            "scopes": ["tickets:read"],
            "domains": [".example.com"],
            "allow_missing_referrer": True,
            "expires_at": sooner.isoformat(),
        },
    )

    assert answer.status_code == 200, answer.content
    changed = answer.json()
    assert changed["domains"] == ["example.com", "*.example.com"]
    assert changed["expires_at"] == f"{sooner:%Y-%m-%dT%H:%M:%SZ}"
    assert (changed["version"], changed["state"]) == (2, "expiring")
    assert as_user(dora).get(f"/api/tokens/{token.pk}").json() == changed
    assert TokenEvent.objects.get(verb="edited").actor_id == dora.pk


def test_a_token_can_be_read_and_written_back_whole(dora, carol, issue, as_user):
    token, _ = issue(carol, domains=["a.example"])
    client = as_user(dora)
    whole = client.get(f"/api/tokens/{token.pk}").json()

    assert client.put(f"/api/tokens/{token.pk}", whole).json() == whole
    assert client.put(f"/api/tokens/{token.pk}", {**whole, "name": "B"}).json()["version"] == 2


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"expires_at": "2500-01-01T00:00:00Z"}, "expires_at", "only-shortened"),
        ({"domains": ["null"]}, "domains", None),
        ({"user": "dora"}, "user", "final"),
    ],
)
def test_what_cannot_be_changed_is_told(body, field, code, dora, carol, issue, as_user):
    token, _ = issue(carol)
    before = rows()
    if body.get("user"):
        body = {"user": dora.pk}

    answer = as_user(dora).put(f"/api/tokens/{token.pk}", {"name": "New", **body})

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert code is None or error["code"] == code
    assert rows() == before


def test_who_was_slower_gets_412_with_the_token_as_it_is(dora, carol, issue, as_user):
    token, _ = issue(carol, name="A")
    client = as_user(dora)
    client.put(f"/api/tokens/{token.pk}", {"name": "B"}, headers={"If-Match": '"1"'})
    before = rows()

    for send in (
        lambda **more: client.put(f"/api/tokens/{token.pk}", {"name": "C"}, **more),
        lambda **more: client.post(f"/api/tokens/{token.pk}/disable", **more),
        lambda **more: client.post(f"/api/tokens/{token.pk}/rotate", **more),
        lambda **more: client.delete(f"/api/tokens/{token.pk}", **more),
    ):
        answer = send(headers={"If-Match": '"1"'})
        refused(answer, 412, "stale-version")
        assert answer.json()["current"]["name"] == "B"

    assert rows() == before


def test_disabling_keeps_the_reason_and_can_be_taken_back(dora, carol, issue, as_user):
    token, secret = issue(carol)
    client, holder = as_user(dora), with_token(secret)

    off = client.post(f"/api/tokens/{token.pk}/disable", {"reason": "lost laptop"})

    assert off.status_code == 200
    assert (off.json()["state"], off.json()["disabled_reason"], off.json()["disabled_by"]) == (
        "disabled", "lost laptop", dora.pk,
    )  # fmt: skip
    refused(holder.get("/api/user/profile"), 401, "token-disabled")
    again = client.post(f"/api/tokens/{token.pk}/disable", {"reason": "again"})
    assert again.json() == off.json()
    on = client.post(f"/api/tokens/{token.pk}/enable")
    assert (on.json()["state"], on.json()["disabled_reason"]) == ("active", "")
    assert holder.get("/api/user/profile").status_code == 200


def test_deleting_answers_the_token_as_it_was_and_leaves_the_audit(dora, carol, issue, as_user):
    token, secret = issue(carol)
    client = as_user(dora)
    before = client.get(f"/api/tokens/{token.pk}").json()

    answer = client.delete(f"/api/tokens/{token.pk}")

    assert (answer.status_code, answer.json()) == (200, before)
    refused(client.get(f"/api/tokens/{token.pk}"), 404, "not-found")
    refused(with_token(secret).get("/api/user/profile"), 401, "token-invalid")
    assert TokenEvent.objects.get(verb="deleted").token_id == token.pk


# --- Rotating -----------------------------------------------------------------------------------


def test_rotating_answers_the_successor_with_its_token_once(dora, carol, issue, as_user):
    token, secret = issue(carol, name="CRM")
    client = as_user(dora)

    answer = client.post(f"/api/tokens/{token.pk}/rotate", {"grace_seconds": 3600})

    assert answer.status_code == 200, answer.content
    new = answer.json()
    assert (new["name"], new["predecessor"], new["successor"]) == ("CRM", token.pk, None)
    assert AccessToken.objects.get(pk=new["id"]).digest == digest_of(new["token"])
    assert answer["Cache-Control"] == "no-store"
    old = client.get(f"/api/tokens/{token.pk}").json()
    assert (old["state"], old["successor"], old["family"]) == ("grace", new["id"], new["family"])
    assert old["ends_at"] == old["grace_until"]
    for holder in (with_token(secret), with_token(new["token"])):
        profile = holder.get("/api/user/profile")
        assert profile.status_code == 200
    ends = with_token(secret).get("/api/user/profile")["X-Token-Expires-At"]
    assert ends == f"{AccessToken.objects.get(pk=token.pk).grace_until:%Y-%m-%dT%H:%M:%SZ}"

    again = client.post(f"/api/tokens/{token.pk}/rotate")

    assert again.status_code == 200
    assert (again.json()["id"], again.json()["token"]) == (new["id"], None)
    assert AccessToken.objects.count() == 2


def test_a_rotation_sent_twice_shows_the_token_once(dora, carol, issue, as_user):
    token, _ = issue(carol)
    client = as_user(dora)
    key = {"Idempotency-Key": "rotate-crm"}

    first = client.post(f"/api/tokens/{token.pk}/rotate", headers=key)
    second = client.post(f"/api/tokens/{token.pk}/rotate", headers=key)

    refused(second, 409, "already-issued")
    assert second.json()["id"] == first.json()["id"]
    assert StoredAnswer.objects.get().body is None


def test_a_repeat_that_shows_nothing_is_given_again(dora, carol, issue, as_user):
    token, _ = issue(carol)
    client = as_user(dora)
    client.post(f"/api/tokens/{token.pk}/rotate")
    key = {"Idempotency-Key": "again"}

    first = client.post(f"/api/tokens/{token.pk}/rotate", headers=key)
    second = client.post(f"/api/tokens/{token.pk}/rotate", headers=key)

    assert (second.status_code, second.json()) == (200, first.json())
    assert second["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("grace", [-1, 7 * 24 * 3600 + 1, "soon", 1.5])
def test_a_grace_that_cannot_be_is_refused(grace, dora, carol, issue, as_user):
    token, _ = issue(carol)
    before = rows()

    answer = as_user(dora).post(f"/api/tokens/{token.pk}/rotate", {"grace_seconds": grace})

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["grace_seconds"]
    assert rows() == before


def test_a_token_that_ended_is_not_rotated(dora, carol, issue, as_user):
    token, _ = issue(carol)
    token.disable(by=Actor(dora))

    answer = as_user(dora).post(f"/api/tokens/{token.pk}/rotate")

    refused(answer, 409, "token-disabled")
    assert AccessToken.objects.count() == 1
