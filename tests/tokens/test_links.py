"""Login links: made by a bearer, opened once within a minute, for the person they name."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.actor import Actor
from rest.models import StoredAnswer
from tests.conftest import PASSWORD, person
from tests.tickets.together import together
from tokens.models import AccessToken, LoginCode, Session, TokenEvent

LINKS = "/api/login-links"
TOP = {"Sec-Fetch-Dest": "document"}
CRM = "https://crm.example.com"


def refused(response, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    assert not LoginCode.objects.exists()
    assert not TokenEvent.objects.filter(verb="link").exists()


@pytest.fixture
def made(bearer):
    """Return a function that makes a link and answers its address: `made(carol, …)`."""

    def make(user, target: str = "agent", *, body=(), **settings) -> str:
        answer = bearer(user, **settings).post(LINKS, {"target": target, **dict(body)})
        assert answer.status_code == 200, answer.content
        return answer.json()["url"].removeprefix("http://testserver")

    return make


def code_in(text: str) -> str:
    return re.search(r"wlc_[\w-]+", text)[0]


def open_link(browser: Client, address: str, **headers):
    """Do what a browser does with a link: show the page, whose script sends the code on."""
    page = browser.get(address, headers={**TOP, **headers})
    if page.status_code != 200:
        return page
    return browser.post("/agent/auth/open", {"code": code_in(page.content.decode())}, headers=TOP)


def send(browser: Client, path: str, body: dict):
    return browser.post(path, body, content_type="application/json")


def user_of(browser: Client) -> str | None:
    return browser.session.get("_auth_user_id")


# --- Making -------------------------------------------------------------------------------------


def test_a_link_is_the_login_address_with_a_code_for_a_minute(carol, bearer):
    answer = bearer(carol, name="shop").post(
        LINKS, {"target": "agent", "next": "/agent/tickets/new"}
    )

    assert answer.status_code == 200
    link = answer.json()
    code = code_in(link["url"])
    assert link == {
        "url": f"http://testserver/agent/auth/login?accessToken={code}",
        "target": "agent",
        "user": carol.pk,
        "next": "/agent/tickets/new",
        "expires_at": link["expires_at"],
    }
    row = LoginCode.objects.get()
    left = row.expires_at - timezone.now()
    assert timedelta(seconds=55) < left <= timedelta(seconds=60)
    assert link["expires_at"] <= f"{row.expires_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert code not in str(LoginCode.objects.values())
    assert answer["Cache-Control"] == "no-store"
    event = TokenEvent.objects.get(verb="link")
    assert (event.actor_id, event.through_token_id, event.subject_id) == (
        carol.pk, row.access_token_id, carol.pk,
    )  # fmt: skip
    assert event.details == {"for": carol.pk, "target": "agent"}
    assert event.address == "127.0.0.1"


def test_the_public_address_stands_in_the_link(carol, bearer, settings):
    settings.PUBLIC_URL = "https://desk.example.com"

    answer = bearer(carol).post(LINKS, {"target": "agent"})

    assert answer.json()["url"].startswith("https://desk.example.com/agent/auth/login?accessToken=")


def test_nobody_and_no_session_makes_a_link(dora, as_user, issue):
    _, secret = issue(dora)
    by_link = APIClient()
    assert by_link.get(f"/agent/auth/login?accessToken={secret}", headers=TOP).status_code == 303

    assert APIClient().post(LINKS, {"target": "agent"}).status_code == 401
    for client in (as_user(dora), by_link):
        refused(client.post(LINKS, {"target": "agent"}), 403, "bearer-needed")


@pytest.mark.parametrize(
    ("who", "scopes", "target", "code"),
    [
        ("alice", ["tickets:write"], "agent", "role"),
        ("carol", ["login:agent"], "admin", "role"),
        ("carol", ["tickets:read"], "agent", "insufficient-scope"),
        ("dora", ["login:agent", "tokens:write"], "admin", "insufficient-scope"),
        ("dora", ["login:admin"], "agent", "insufficient-scope"),
    ],
)
def test_a_link_needs_the_permission_that_its_target_needs(
    who, scopes, target, code, request, bearer
):
    client = bearer(request.getfixturevalue(who), scopes=scopes)

    refused(client.post(LINKS, {"target": target}), 403, code)


@pytest.mark.parametrize("target", ["agent", "admin"])
def test_a_token_that_may_open_one_room_makes_links_to_it(target, dora, made):
    assert made(dora, target, scopes=[f"login:{target}"]).startswith(f"/{target}/auth/login?")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "target"),
        ({"target": "front"}, "target"),
        ({"target": "agent", "next": "/admin/"}, "next"),
        ({"target": "agent", "next": "https://evil.example/agent/"}, "next"),
        ({"target": "agent", "next": "//evil.example"}, "next"),
        ({"target": "agent", "next": "/agent/auth/switch"}, "next"),
        ({"target": "agent", "next": "/agent/../admin/"}, "next"),
        ({"target": "agent", "next": "/agent/" + "x" * 600}, "next"),
        ({"target": "agent", "user": 10**30}, "user"),
        ({"target": "agent", "user": True}, "user"),
        ({"target": "agent", "user": ["carol@example.com"]}, "user"),
        ({"target": "agent", "user": "nobody@example.com"}, "user"),
        ({"target": "agent", "user": 999_999}, "user"),
        # Long names cost too much to be compared.
        ({"target": "agent", "user": "ﷺ" * 1001}, "user"),
    ],
)
def test_bad_input_makes_no_link(body, field, dora, bearer):
    answer = bearer(dora, scopes=["login:agent", "tokens:write"]).post(LINKS, body)

    refused(answer, 400, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_link_asked_for_twice_is_shown_once(carol, bearer):
    client, key = bearer(carol), {"Idempotency-Key": "link-1"}

    first = client.post(LINKS, {"target": "agent"}, headers=key)
    second = client.post(LINKS, {"target": "agent"}, headers=key)

    assert (second.status_code, second.json()["code"]) == (409, "already-issued")
    kept = StoredAnswer.objects.get()
    assert kept.body is None
    assert code_in(first.json()["url"]) not in str(vars(kept))
    assert LoginCode.objects.count() == 1


def test_links_count_as_calls_of_the_token(carol, bearer):
    answer = bearer(carol).post(LINKS, {"target": "agent"})

    assert answer["RateLimit"].startswith('"minute";r=599;')


def test_a_link_is_made_only_where_the_token_may_be_used(carol, bearer):
    client = bearer(carol, domains=["crm.example.com"])

    refused(client.post(LINKS, {"target": "agent"}), 403, "domain-not-allowed")


# --- For somebody else --------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["username", "pk"])
def test_an_administrators_token_makes_a_link_for_an_agent(by, dora, carol, bearer):
    client = bearer(dora, scopes=["login:agent", "tokens:write"])

    answer = client.post(LINKS, {"target": "agent", "user": getattr(carol, by)})

    assert answer.status_code == 200, answer.content
    assert answer.json()["user"] == carol.pk
    event = TokenEvent.objects.get(verb="link")
    assert (event.actor_id, event.subject_id) == (dora.pk, dora.pk)
    assert event.details == {"for": carol.pk, "target": "agent"}


@pytest.mark.parametrize("naming", ["username", "pk"])
def test_whoever_names_the_own_person_asks_for_nothing_more(naming, carol, dora, bearer):
    for user in (carol, dora):
        client = bearer(user, scopes=["login:agent"])

        answer = client.post(LINKS, {"target": "agent", "user": getattr(user, naming)})

        assert answer.json()["user"] == user.pk


@pytest.mark.parametrize(
    ("who", "scopes", "code"),
    [
        ("dora", ["login:agent", "tokens:read"], "insufficient-scope"),
        ("carlos", ["login:agent", "tokens:read"], "role"),
    ],
)
def test_others_make_no_link_for_somebody_else_and_do_not_learn_who_is_there(
    who, scopes, code, carol, request, bearer
):
    client = bearer(request.getfixturevalue(who), scopes=scopes)

    for user in (carol.pk, carol.username, 999_999, "nobody@example.com"):
        refused(client.post(LINKS, {"target": "agent", "user": user}), 403, code)


def test_no_link_leads_towards_another_administrator(dora, bearer):
    other = person("dan@example.com", "administrator")
    client = bearer(dora, scopes=["login:agent", "login:admin", "tokens:write"])

    for target in ("agent", "admin"):
        answer = client.post(LINKS, {"target": target, "user": other.pk})
        refused(answer, 403, "towards-administrator")


def test_the_person_must_be_active_and_their_role_must_have_the_room(dora, alice, carol, bearer):
    client = bearer(dora, scopes=["login:agent", "login:admin", "tokens:write"])

    for target, user, code in (
        ("agent", alice, "role"),
        ("admin", carol, "role"),
        ("agent", carol, "inactive"),
    ):
        if code == "inactive":
            user.is_active = False
            user.save()
        answer = client.post(LINKS, {"target": target, "user": user.pk})
        refused(answer, 400, "invalid")
        assert [error["code"] for error in answer.json()["errors"]] == [code]


# --- Opening ------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["agent", "admin"])
def test_a_link_opens_a_session_once(target, dora, made):
    address = made(dora, target)
    first, second = Client(), Client()

    opened = open_link(first, address)

    assert (opened.status_code, opened["Location"]) == (303, f"/{target}/")
    assert user_of(first) == str(dora.pk)
    again = open_link(second, address)
    assert again.status_code == 401
    assert b"This link is used up" in again.content
    assert user_of(second) is None


def test_looking_at_a_link_uses_nothing_up(carol, made):
    address, browser = made(carol, body={"next": "/agent/tickets/new"}), Client()

    for look in (
        lambda: browser.get(address),
        lambda: browser.head(address),
        lambda: browser.get(address, headers={"Sec-Purpose": "prefetch"}),
        lambda: browser.get(address, headers={"Sec-Fetch-Dest": "empty"}),
    ):
        assert look().status_code < 500
        assert user_of(browser) is None

    assert open_link(browser, address)["Location"] == "/agent/tickets/new"
    assert user_of(browser) == str(carol.pk)


def test_a_link_is_good_for_a_minute(carol, made):
    address = made(carol)
    LoginCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert b"This link is used up" in open_link(Client(), address).content


def test_a_link_ends_with_its_token(carol, made):
    address = made(carol)
    token = AccessToken.objects.get()
    page = Client().get(address, headers=TOP)
    token.disable(by=Actor.system())

    posted = Client().post("/agent/auth/open", {"code": code_in(page.content.decode())})

    assert posted.status_code == 401
    assert b"The token was disabled" in posted.content
    assert not Session.objects.exists()


def test_a_link_is_held_to_the_domains_of_its_token(carol, bearer):
    client = bearer(carol, domains=["crm.example.com"])
    answer = client.post(LINKS, {"target": "agent"}, headers={"Origin": CRM})
    address = answer.json()["url"].removeprefix("http://testserver")

    for headers in ({}, {"Referer": "https://evil.example/"}):
        assert open_link(Client(), address, **headers).status_code == 403
    browser = Client()
    assert open_link(browser, address, Referer=f"{CRM}/").status_code == 303
    assert user_of(browser) == str(carol.pk)


@pytest.mark.parametrize("path", ["/agent/auth/open", "/agent/auth/arrived"])
def test_the_code_of_a_link_opens_by_its_own_address_alone(path, carol, bearer):
    client = bearer(carol, domains=["crm.example.com"])
    answer = client.post(LINKS, {"target": "agent"}, headers={"Origin": CRM})
    code = code_in(answer.json()["url"])
    browser = Client()

    send = browser.get if path.endswith("arrived") else browser.post

    assert send(path, {"code": code}).status_code == 401
    assert user_of(browser) is None


def test_a_link_for_an_agent_opens_what_both_may(dora, carol, issue, made):
    issue(carol, name="of carol")
    scopes = ["login:agent", "login:admin", "tokens:write", "tickets:read", "settings:read"]
    address = made(dora, scopes=scopes, body={"user": carol.username})
    browser = Client()

    opened = open_link(browser, address)

    assert (opened.status_code, opened["Location"]) == (303, "/agent/")
    assert user_of(browser) == str(carol.pk)
    assert browser.get("/api/user/profile").json()["username"] == carol.username
    assert browser.get("/api/tickets/list").status_code == 200
    assert [row["name"] for row in browser.get("/api/tokens/list").json()] == ["of carol"]
    for path, code in (
        ("/api/messages/list", "insufficient-scope"),
        ("/api/statistics/overview", "insufficient-scope"),
        ("/api/settings/list", "role"),
    ):
        assert browser.get(path).json()["code"] == code, path
    assert send(browser, "/api/tokens/create", {"name": "x"}).json()["code"] == "role"
    assert browser.get("/admin/").status_code == 403
    assert send(browser, LINKS, {"target": "agent"}).json()["code"] == "bearer-needed"
    login = TokenEvent.objects.get(verb="login")
    assert (login.subject_id, login.details["person"]) == (dora.pk, carol.pk)


def test_a_link_replaces_nobody_silently(dora, carol, made):
    address = made(carol)
    browser = Client()
    browser.force_login(dora)

    assert open_link(browser, address)["Location"] == "/agent/auth/switch"
    assert user_of(browser) == str(dora.pk)


def test_a_session_by_link_gives_the_password_before_it_manages_tokens(dora, made):
    address = made(dora, "admin", scopes=["login:admin", "tokens:write"])
    browser = Client()
    open_link(browser, address)
    before = AccessToken.objects.count()

    answer = send(browser, "/api/tokens/create", {"name": "x"})

    assert (answer.status_code, answer.json()["code"]) == (403, "password-needed")
    assert AccessToken.objects.count() == before
    page = "/admin/auth/confirm?next=/admin/"
    assert browser.post(page, {"password": PASSWORD}).status_code == 302
    assert send(browser, "/api/tokens/create", {"name": "x"}).status_code == 200


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_a_link_opened_by_many_at_once_opens_one_session(carol, made):
    address = made(carol)
    code = code_in(address)
    Client().get(address, headers=TOP)

    answers = together(
        lambda _: Client().post("/agent/auth/open", {"code": code}).status_code, range(8)
    )

    assert sorted(answers) == [303] + [401] * 7
    assert Session.objects.filter(user_id=carol.pk).count() == 1
