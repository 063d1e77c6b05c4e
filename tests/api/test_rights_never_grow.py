"""Every call of the API, and every page of the admin, by every kind of caller with a token.

However somebody came in, the role and the token together decide, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import PersonEvent, User
from configuration.models import ConfigurationEvent
from tests.addresses import addresses
from tests.api.every_call import every_call
from tokens.models import AccessToken, LoginCode
from tokens.scopes import ROLE_SCOPES, Scope, expand

# Role and token are judged before rows are read; test_every_url.py makes each call everywhere.
pytestmark = pytest.mark.once
CALLS = [call for call in every_call() if call.action]
ADMIN_PAGES = [path for path in addresses() if path.startswith("/admin/") and "/auth/" not in path]
KINDS = (
    "bearer",
    "tab",
    "frame",
    "carried",
    "link",
    "link for another",
    "tab, basic",
    "carried, basic",
)
WEAK = (
    ["tickets:read"],
    ["messages:write", "statistics:read"],
    ["users:read", "settings:read", "tokens:read"],
)
MOVES = {"claim", "assign", "close", "reopen"}
FRAME = {"Sec-Fetch-Dest": "iframe"}


@dataclass
class Caller:
    """Somebody whom a token has let in: calls of theirs go through `send`."""

    person: User
    token: AccessToken
    client: Client
    prefix: str = ""
    headers: dict[str, str] | None = None

    def send(self, method: str, path: str, body: Any = None) -> Any:
        return getattr(self.client, method)(
            self.prefix + path, body, headers=self.headers or {}, format="json"
        )

    @property
    def rights(self) -> frozenset[str]:
        return ROLE_SCOPES[self.person.role] & expand(self.token.scopes)


@pytest.fixture
def caller(dora, carol, issue) -> Callable[..., Caller]:
    """Return a function that lets an administrator's token in: `caller("frame", scopes)`."""

    def make(kind: str, scopes: list[str]) -> Caller:
        kind, _comma, is_basic = kind.partition(", ")
        came = let_in(kind, scopes)
        if is_basic:
            # As a browser behind a proxy that asks for a password of its own does.
            came.headers = {**(came.headers or {}), "Authorization": "Basic dXNlcjpwYXNz"}
        return came

    def let_in(kind: str, scopes: list[str]) -> Caller:
        # What lets somebody else in is an administrator's token that may write tokens.
        more = ["tokens:write"] if kind == "link for another" else []
        token, secret = issue(dora, scopes=sorted({*scopes, *more, "login:agent", "login:admin"}))
        client = APIClient()
        if kind == "bearer":
            return Caller(dora, token, client, headers={"Authorization": f"Bearer {secret}"})
        if kind in {"tab", "link", "link for another"}:
            person = carol if kind == "link for another" else dora
            code = LoginCode.make(token, user=person, target="agent")
            credential = secret if kind == "tab" else code
            page = client.get("/agent/auth/login", {"accessToken": credential})
            if kind != "tab":
                client.post("/agent/auth/open", {"code": code}, format="multipart")
            assert page.status_code == (303 if kind == "tab" else 200)
            return Caller(person, token, client)
        return _framed(dora, token, client, secret, carried=kind == "carried")

    return make


def _framed(
    person: User, token: AccessToken, client: APIClient, secret: str, *, carried: bool
) -> Caller:
    page = client.get("/agent/auth/login", {"accessToken": secret}, headers=FRAME)
    place = f"/f/{token.handle}"
    sent = client.post(f"{place}/agent/auth/open", {"code": code_of(page)}, format="multipart")
    if not carried:
        return Caller(person, token, client, place)
    client.cookies.clear()
    told = client.get(sent["Location"])
    kept = client.post(f"{place}/agent/auth/keep", {"code": code_of(told)}, format="multipart")
    session = kept.json()["session"]
    return Caller(person, token, client, place, {"X-Weiyu-Session": session})


def code_of(page: Any) -> str:
    return re.search(r"wlc_[\w-]+", page.content.decode())[0]


def test_each_kind_of_caller_is_let_in(caller):
    for kind in KINDS:
        came = caller(kind, ["tickets:read"])

        profile = came.send("get", "/api/user/profile")

        assert profile.status_code == 200, kind
        assert profile.json()["username"] == came.person.username, kind


@pytest.mark.parametrize("scopes", WEAK, ids=lambda scopes: "+".join(scopes))
@pytest.mark.parametrize("kind", KINDS)
def test_no_call_does_more_than_role_and_token_allow(kind, scopes, caller, ids):
    came = caller(kind, scopes)

    for call in CALLS:
        if call.needed in {"profile", "login"}:
            continue
        body = {} if call.method in ("post", "put", "patch") else None
        with transaction.atomic():
            response = came.send(call.method, call.address(ids), body)
            transaction.set_rollback(True)

        answered = response.json().get("code") if response.status_code >= 400 else None
        lacks = answered in {"insufficient-scope", "role"}
        assert response.status_code != 401, (kind, call)
        is_own = call.action == "avatar" and ids["users"] == str(came.person.pk)
        needed = set() if is_own else all_needed(call)
        assert lacks == (not needed <= came.rights), (kind, call, answered)


def all_needed(call: Any) -> set[str]:
    """Return what a call needs; the conversation of these calls is that of a ticket."""
    is_move = call.family == "conversations" and call.action in MOVES
    return {call.needed, "tickets:write"} if is_move else {call.needed}


OPEN_PAGES = {"/admin/", "/admin/jsi18n/", "/admin/logout/", "/admin/password_change/done/"}


@pytest.mark.parametrize("kind", ["tab", "frame", "carried", "link", "tab, basic"])
def test_no_page_of_the_admin_opens_more_than_the_token_allows(kind, caller):
    came = caller(kind, [])

    for path in ADMIN_PAGES:
        response = came.send("get", path)

        assert response.status_code in {200, 302, 403, 404, 405}, (kind, path)
        # Pages about tokens say to every frame that they are not for frames.
        tells = b"Not inside a frame" in response.content
        assert response.status_code != 200 or path in OPEN_PAGES or tells, (kind, path)


@pytest.mark.parametrize("header", ["Bearer bad", "bearer", "BEARER\tx y"])
def test_a_bearer_beside_a_session_is_the_bearer_alone(header, caller):
    came = caller("tab", list(Scope.values))
    came.headers = {"Authorization": header}

    assert came.send("get", "/admin/").status_code == 302
    assert came.send("get", "/agent/tickets").status_code == 302
    assert came.send("get", "/api/user/profile").status_code == 401


def test_the_admin_is_closed_to_a_person_of_another_role_whom_a_link_let_in(caller):
    came = caller("link for another", list(Scope.values))

    for path in ADMIN_PAGES:
        if path != "/admin/login/":
            assert came.send("get", path).status_code in {302, 403, 404}, path


@pytest.mark.parametrize("kind", KINDS)
def test_no_token_changes_how_people_get_in_or_what_protects_them(kind, caller, ids, alice):
    boss = User.objects.create_user("boss@example.com", None, role=User.Role.ADMINISTRATOR)
    came = caller(kind, list(Scope.values))
    before = written()

    tries = [
        ("patch", f"/api/users/{alice.pk}", {"password": "another long password"}),
        ("patch", f"/api/users/{alice.pk}", {"email": "thief@example.com"}),
        ("patch", f"/api/users/{alice.pk}", {"role": "administrator"}),
        ("patch", "/api/user/profile", {"password": "another long password"}),
        ("patch", "/api/user/profile", {"email": "thief@example.com"}),
        ("patch", f"/api/users/{boss.pk}", {"display_name": "Nobody"}),
        ("delete", f"/api/users/{boss.pk}", None),
        ("post", "/api/users/create", {"username": "x@example.com", "role": "administrator"}),
        ("put", "/api/settings/failed_credentials_per_minute", {"value": 100_000}),
        ("put", "/api/settings/token_longest_days", {"value": 3650}),
    ]
    for method, path, body in tries:
        with transaction.atomic():
            response = came.send(method, path, body)
        # What stands in an object but is not theirs to write is passed over.
        expected = {200, 400, 403} if "email" in (body or {}) else {400, 403}
        assert response.status_code in expected, (kind, path, body, response.content)

    assert written() == before


def written() -> tuple[Any, ...]:
    """Return all that decides who gets in, and all changes of settings."""
    people = User.objects.order_by("pk")
    rows = people.values_list("username", "email", "password", "role", "is_active", "display_name")
    return (*rows, PersonEvent.objects.count(), ConfigurationEvent.objects.count())
