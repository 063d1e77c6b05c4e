"""/api/tokens: who may write what, and how a token's own rights bound what it makes and changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import User
from tests.conftest import PASSWORD
from tests.tokens.calls import CREATE, LIST, refused, rows, with_token
from tokens.models import AccessToken, TokenEvent

VERBS = [
    ("post", "create", {"name": "x"}),
    ("put", "{id}", {"name": "x"}),
    ("patch", "{id}", {"name": "x"}),
    ("post", "{id}/disable", {}),
    ("post", "{id}/enable", {}),
    ("post", "{id}/rotate", {}),
    ("delete", "{id}", {}),
]
EACH_VERB = pytest.mark.parametrize(("method", "path", "body"), VERBS, ids=[v[1] for v in VERBS])


@pytest.fixture
def manager(dora, issue):
    """Return dora's token that may manage tokens, and a client that sends it."""
    row, secret = issue(
        dora, name="manager", scopes=["tokens:write", "tickets:write", "login:agent"], days=20
    )
    return row, with_token(secret)


def send(client: APIClient, method: str, path: str, body: dict, token: AccessToken):
    return getattr(client, method)(f"/api/tokens/{path.format(id=token.pk)}", body)


@EACH_VERB
def test_only_administrators_write(method, path, body, alice, carol, issue, as_user, bearer):
    for person in (alice, carol):
        own, _ = issue(person)
        callers = [as_user(person), bearer(person, scopes=["tokens:read"])]
        before = rows()

        for client in callers:
            refused(send(client, method, path, body, own), 403, "role")
        assert send(APIClient(), method, path, body, own).status_code == 401

        assert rows() == before


@EACH_VERB
def test_a_token_that_may_read_writes_nothing(method, path, body, dora, issue, bearer):
    own, _ = issue(dora)
    client = bearer(dora, scopes=["tokens:read", "tickets:write"])
    before = rows()

    refused(send(client, method, path, body, own), 403, "insufficient-scope")

    assert rows() == before


@EACH_VERB
def test_a_session_by_link_gives_the_password_first(method, path, body, dora, issue):
    row, secret = issue(dora, scopes=["login:admin", "tokens:write"], days=9)
    own, _ = issue(dora, scopes=["tokens:read"], days=5)
    if path.endswith("enable"):
        own.disable(by=Actor(dora))
    client = APIClient()
    assert client.get(f"/admin/auth/login?accessToken={secret}").status_code == 303
    before = rows()
    sent = {**body}
    if path == "create":
        soon = timezone.now() + timedelta(days=2)
        sent |= {"scopes": ["tokens:read"], "expires_at": soon.isoformat()}

    answer = send(client, method, path, sent, own)

    refused(answer, 403, "password-needed")
    assert "password" in answer.json()["detail"]
    assert rows() == before
    assert client.get(LIST).status_code == 200
    confirmed = client.post(
        "/admin/auth/confirm?next=/admin/", {"password": PASSWORD}, format="multipart"
    )
    assert confirmed.status_code == 302
    assert send(client, method, path, sent, own).status_code == 200
    assert TokenEvent.objects.filter(through_token_id=row.pk).exists()


def test_a_token_disables_every_token_that_its_person_sees(carol, manager, issue):
    row, client = manager
    foreign, _ = issue(carol)

    answer = client.post(f"/api/tokens/{foreign.pk}/disable", {"reason": "leaked"})

    assert (answer.status_code, answer.json()["state"]) == (200, "disabled")
    assert TokenEvent.objects.get(verb="disabled").through_token_id == row.pk
    refused(client.post(f"/api/tokens/{foreign.pk}/enable"), 403, "beyond-own-token")


def test_a_token_may_disable_itself(manager):
    row, client = manager

    assert client.post(f"/api/tokens/{row.pk}/disable").json()["state"] == "disabled"
    refused(client.get(LIST), 401, "token-disabled")


def test_a_token_makes_narrower_ones_for_its_person(dora, manager):
    row, client = manager
    soon = (timezone.now() + timedelta(days=9)).isoformat()

    answer = client.post(CREATE, {"name": "narrow", "scopes": ["tickets:read"], "expires_at": soon})

    assert answer.status_code == 200, answer.content
    assert with_token(answer.json()["token"]).get("/api/tickets/list").status_code == 200
    made = TokenEvent.objects.get(verb="made", token_id=answer.json()["id"])
    assert (made.actor_id, made.through_token_id) == (dora.pk, row.pk)


def test_what_nobody_says_is_never_beyond_the_token(manager):
    row, client = manager

    answer = client.post(CREATE, {"name": "like me"})

    assert answer.status_code == 200, answer.content
    assert answer.json()["scopes"] == ["login:agent", "tickets:read", "tickets:write"]
    assert answer.json()["expires_at"] == f"{row.expires_at:%Y-%m-%dT%H:%M:%SZ}"


def test_a_token_makes_none_beyond_itself(dora, carol, manager):
    row, client = manager
    soon = (timezone.now() + timedelta(days=9)).isoformat()
    narrow = {"name": "x", "scopes": ["tickets:read"], "expires_at": soon}
    before = rows()

    for wider in (
        {"scopes": ["users:read"]},
        {"scopes": ["settings:write"]},
        {"expires_at": (row.expires_at + timedelta(seconds=1)).isoformat()},
        {"user": carol.pk},
    ):
        refused(client.post(CREATE, narrow | wider), 403, "beyond-own-token")

    assert rows() == before


def test_a_token_with_domains_makes_none_without(dora, issue):
    _, secret = issue(
        dora, scopes=["tokens:write"], domains=["crm.example.com"], networks=["127.0.0.0/8"]
    )
    client = with_token(secret)
    soon = (timezone.now() + timedelta(days=9)).isoformat()
    like = {
        "name": "x",
        "scopes": [],
        "expires_at": soon,
        "domains": ["crm.example.com"],
        "networks": ["127.0.0.0/8"],
    }
    before = rows()

    for wider in (
        {"domains": []},
        {"domains": ["*.example.com"]},
        {"domains": ["crm.example.com", "b.example.com"]},
        {"networks": []},
        {"networks": ["0.0.0.0/0"]},
        {"allow_missing_referrer": True},
    ):
        refused(client.post(CREATE, like | wider), 403, "beyond-own-token")

    assert rows() == before
    assert client.post(CREATE, like).status_code == 200


@EACH_VERB
def test_a_token_neither_changes_nor_ends_for_good_what_is_beyond_it(
    method, path, body, dora, carol, issue, manager
):
    _, client = manager
    if path in ("create", "{id}/disable"):
        return
    wider = [
        issue(dora, name="more rights", scopes=["settings:read"], days=5)[0],
        issue(carol, name="another person", scopes=["tickets:read"], days=5)[0],
    ]
    if path.endswith("enable"):
        for token in wider:
            token.disable(by=Actor(dora))
    before = rows()

    for token in wider:
        refused(send(client, method, path, body, token), 403, "beyond-own-token")

    assert rows() == before


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": ["tokens:read"]},
        {"domains": ["narrow.example.com"]},
        {"networks": ["192.0.2.0/24"]},
        {"name": "mine now"},
        {},
    ],
    ids=str,
)
def test_a_token_makes_no_wider_one_narrow(body, dora, issue):
    """Whoever may not make a token may not bend it into one that they may make."""
    _, secret = issue(dora, scopes=["tokens:write"], days=5)
    wider, _ = issue(dora, name="wider", scopes=["settings:read", "tokens:write"], days=5)
    later, _ = issue(dora, name="later", scopes=["tokens:write"], days=20)
    soon = f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    before = rows()

    for method in ("put", "patch"):
        for token in (wider, later):
            answer = getattr(with_token(secret), method)(f"/api/tokens/{token.pk}", body)
            refused(answer, 403, "beyond-own-token")
        shortened = with_token(secret).put(f"/api/tokens/{later.pk}", {"expires_at": soon})
        refused(shortened, 403, "beyond-own-token")

    assert rows() == before


def test_a_token_cannot_widen_itself(manager):
    row, client = manager
    before = rows()

    for body in ({"scopes": [*row.scopes, "users:read"]}, {"scopes": ["settings:write"]}):
        refused(client.put(f"/api/tokens/{row.pk}", body), 403, "beyond-own-token")

    assert rows() == before
    narrower = client.put(f"/api/tokens/{row.pk}", {"scopes": ["tokens:write"]})
    assert narrower.json()["scopes"] == ["tokens:write"]


def test_a_token_rotates_itself_without_gaining_time(manager):
    row, client = manager

    new = client.post(f"/api/tokens/{row.pk}/rotate", {"grace_seconds": 0}).json()

    refused(client.get(LIST), 401, "token-rotated")
    assert with_token(new["token"]).get(LIST).status_code == 200
    assert new["expires_at"] == f"{row.expires_at:%Y-%m-%dT%H:%M:%SZ}"


def test_a_token_may_delete_itself(manager):
    row, client = manager

    answer = client.delete(f"/api/tokens/{row.pk}")

    assert (answer.status_code, answer.json()["id"]) == (200, row.pk)
    assert TokenEvent.objects.get(verb="deleted").through_token_id == row.pk
    refused(client.get(LIST), 401, "token-invalid")


def test_a_token_touches_no_token_of_another_administrator_but_to_disable_it(manager, issue):
    _, client = manager
    other = User.objects.create_user("dan@example.com", role=User.Role.ADMINISTRATOR)
    token, _secret = issue(other, scopes=["tickets:read"], days=5)

    for method, path, body in VERBS[1:]:
        if not path.endswith("disable"):
            refused(send(client, method, path, body, token), 403, "beyond-own-token")
    answer = client.post(CREATE, {"name": "x", "user": other.pk, "scopes": ["tickets:read"]})

    refused(answer, 403, "beyond-own-token")
    assert AccessToken.objects.filter(user=other).count() == 1
