from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import PersonEvent, Workgroup
from messaging.models import Conversation
from tests.addresses import addresses, standing
from tests.conftest import PASSWORD
from tickets.models import Ticket
from tokens.models import AccessToken, TokenEvent

PATHS = [path for path in addresses() if path.startswith("/admin/") and "/auth/" not in path]


@pytest.fixture
def world(alice, carol, dora, issue, ticket):
    """One of everything that has a page, each with its rows."""
    Workgroup.objects.set_up(by=Actor(dora), name="Support", members=[carol.pk])
    issue(carol, name="hers")
    Conversation.objects.for_ticket(ticket).post(by=Actor(carol), content="We come.")
    return ticket


def test_the_walk_finds_the_pages():
    assert len(PATHS) > 40
    for page in ("/admin/", "/admin/tokens/accesstoken/add/", "/admin/tickets/ticket/1/change/"):
        assert page in PATHS


# What a token of these scopes may open; everything else of the admin is 403 to it.
COMMON = {
    "/admin/",
    "/admin/logout/",
    "/admin/jsi18n/",
    "/admin/password_change/done/",
}
TICKET_PAGES = {
    "/admin/tickets/",
    "/admin/tickets/ticket/",
    "/admin/tickets/ticket/1/change/",
    "/admin/tickets/ticket/1/history/",
}


@pytest.mark.parametrize(
    ("scopes", "opened"),
    [
        (["login:admin"], COMMON),
        (["login:admin", "tickets:read"], COMMON | TICKET_PAGES),
    ],
    ids=["login only", "tickets to read"],
)
def test_a_weak_token_opens_what_its_permissions_name_and_no_more(
    scopes, opened, world, dora, by_link
):
    client = by_link(dora, scopes=scopes)
    before = _rows()

    answers = {path: client.get(standing(path)) for path in PATHS if path not in _SIGNS_OUT}

    assert {path for path, answer in answers.items() if _shows(path, answer)} == opened - _SIGNS_OUT
    assert {answer.status_code for answer in answers.values()} <= {200, 302, 403, 404, 405}
    for path in answers:
        form = {"name": "x", "title": "x", "action": "resolve", "_selected_action": world.pk}
        written = client.post(standing(path), form)
        assert written.status_code in {200, 302, 403, 404, 405}, path
    assert _rows() == before


def test_a_closed_page_is_closed_whether_its_row_is_there_or_not(world, dora, by_link):
    client = by_link(dora, scopes=["login:admin"])

    for path in PATHS:
        if "/1/" not in path:
            continue
        there, missing = standing(path), path.replace("/1/", "/999999/", 1)
        for method in (client.get, client.post):
            assert method(there).status_code == method(missing).status_code, path


def test_a_link_that_shows_no_people_names_none_in_a_ticket(world, alice, bob, dora, by_link):
    scopes = ["login:admin", "tickets:write"]
    client, page = by_link(dora, scopes=scopes), f"/admin/tickets/ticket/{world.pk}/change/"
    form = {"title": "Printer", "content": "x", "priority": "low", "requester": alice.pk}
    known = {"requester": alice.pk, "assignee": dora.pk}

    for wrong in ({"requester": bob.pk}, {"requester": 999_999}, {"assignee": bob.pk}):
        refused = client.post(page, {**form, **wrong, "expected_version": 1})
        assert refused.status_code == 200
        assert b"Bob" not in refused.content
        assert b"Select a valid choice" in refused.content
    world.refresh_from_db()
    assert (world.version, world.requester, world.assignee) == (1, alice, None)

    assert client.post(page, {**form, **known, "expected_version": 1}).status_code == 302
    world.refresh_from_db()
    assert world.assignee == dora


def test_a_link_that_shows_no_people_names_none_in_a_filter(alice, carol, dora, issue, by_link):
    issue(carol, name="Hers")
    client = by_link(dora, scopes=["login:admin", "tokens:read"])

    def page(person) -> str:
        address = f"/admin/tokens/accesstoken/?user__id__exact={person}"
        return client.get(address).content.decode()

    assert "Alice" not in page(alice.pk)
    options = [re.findall(r"<option[^>]*>", page(person)) for person in (alice.pk, 999_999)]
    assert options[0] == options[1]
    # The list names her anyway.
    assert "Carol" in page(carol.pk)


@pytest.mark.parametrize(
    ("scopes", "page", "lacking"),
    [
        ([], "/admin/tokens/accesstoken/", "tokens:read"),
        (["tokens:read"], "/admin/tokens/accesstoken/add/", "tokens:write"),
        (["users:read"], "/admin/tickets/ticket/", "tickets:read"),
    ],
)
def test_a_closed_page_names_the_permission_that_the_links_token_lacks(
    scopes, page, lacking, dora, by_link
):
    answer = by_link(dora, scopes=["login:admin", *scopes]).get(page)

    assert answer.status_code == 403
    assert f"lacks the permission “{lacking}”." in answer.content.decode()


def test_a_page_that_is_closed_to_all_blames_no_token(dora, by_link, browser):
    everything = by_link(dora, scopes=["login:admin", "tokens:write"], confirmed=True)

    for client in (everything, browser(dora)):
        answer = client.get("/admin/tokens/tokenevent/add/")
        assert answer.status_code == 403
        assert "You may not see this page." in answer.content.decode()


_SIGNS_OUT = {"/admin/logout/"}


def _shows(path: str, answer) -> bool:
    """Return whether a page came, or a step to one; old short addresses only lead to pages."""
    if answer.status_code == 302:
        return answer["Location"] != "/admin/" and not path.endswith("/1/")
    return answer.status_code == 200


def _rows() -> dict[str, object]:
    return {
        "tickets": list(Ticket.objects.order_by("pk").values_list("pk", "version", "status")),
        "tokens": AccessToken.objects.count(),
        "people": PersonEvent.objects.count(),
        "audit": TokenEvent.objects.exclude(verb="login").count(),
    }


@pytest.mark.parametrize("object_id", ["0", "99999999999999999999999", "x", "_00", "1_2F.."])
@pytest.mark.parametrize(
    "model",
    [
        "tickets/ticket",
        "messaging/conversation",
        "accounts/user",
        "accounts/workgroup",
        "tokens/accesstoken",
        "tokens/tokenevent",
        "tokens/denial",
        "tokens/refusedcalls",
    ],
)
def test_an_id_that_is_none_is_answered(model, object_id, dora, browser):
    for verb in ("change", "history", "delete"):
        answer = browser(dora).get(f"/admin/{model}/{object_id}/{verb}/")

        assert answer.status_code in {302, 403, 404}


def test_signing_in_goes_on_to_a_page_of_the_admin_only(dora):
    for wanted, page in (
        ("/admin/tickets/ticket/", "/admin/tickets/ticket/"),
        ("https://evil.example/", "/admin/"),
        ("//evil.example/admin/", "/admin/"),
        ("/admin/logout/", "/admin/"),
        ("/agent/", "/admin/"),
    ):
        client = Client()
        form = {"username": dora.username, "password": PASSWORD, "next": wanted}

        answer = client.post("/admin/login/", form)

        assert (answer.status_code, answer["Location"]) == (302, page)


def test_an_agent_is_told_that_the_workstation_is_theirs(carol):
    client = Client()

    answer = client.post("/admin/login/", {"username": carol.username, "password": PASSWORD})

    assert b"Agents have the workstation" in answer.content
    assert "_auth_user_id" not in client.session


def test_five_wrong_passwords_lock_the_door_for_a_while(dora):
    client = Client()
    wrong = {"username": dora.username, "password": "no"}
    for _ in range(5):
        answer = client.post("/admin/login/", wrong)

    assert answer.status_code == 429
    right = client.post("/admin/login/", {**wrong, "password": PASSWORD})
    assert right.status_code == 429
    assert b"Try again in 15 minutes" in right.content


def test_signing_in_after_a_token_ended_leaves_nothing_of_it(dora, by_link):
    client = by_link(dora)
    client.token.disable(by=Actor.system())
    assert client.get("/admin/").status_code == 401

    form = client.get("/admin/login/")
    answer = client.post("/admin/login/", {"username": dora.username, "password": PASSWORD})

    assert form.status_code == 200
    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 200
    assert b"Signed in by link" not in client.get("/admin/").content


def test_a_session_by_link_says_for_whom_and_logs_out(dora, by_link):
    client = by_link(dora)

    page = client.get("/admin/").content.decode()

    assert "Signed in by link as <strong><bdi>Dora</bdi></strong>" in page
    assert client.post("/admin/logout/").status_code == 200
    assert client.get("/admin/").status_code == 302


def test_a_password_session_shows_no_banner(dora, browser):
    assert b"Signed in by link" not in browser(dora).get("/admin/").content


def test_pages_of_a_link_are_framed_by_its_domains_and_token_pages_by_nobody(dora, issue):
    _row, secret = issue(
        dora, domains=["crm.example.com"], scopes=["login:admin", "tokens:read", "tickets:read"]
    )
    client = Client()
    client.get(
        f"/admin/auth/login?accessToken={secret}", headers={"Referer": "https://crm.example.com/"}
    )

    front, tokens = client.get("/admin/"), client.get("/admin/tokens/accesstoken/")

    assert "https://crm.example.com" in front["Content-Security-Policy"]
    assert "X-Frame-Options" not in front
    assert "frame-ancestors 'none'" in tokens["Content-Security-Policy"]
    assert tokens["X-Frame-Options"] == "DENY"


def test_a_framed_token_page_says_to_open_a_tab(dora, by_link):
    client = by_link(dora, scopes=["login:admin", "tokens:read"])

    answer = client.get("/admin/tokens/accesstoken/", headers={"Sec-Fetch-Dest": "iframe"})

    assert b"Open in a new tab" in answer.content
    assert b"test (" not in answer.content


def test_no_own_password_is_changed_in_a_session_by_link(dora, by_link):
    client = by_link(dora)
    form = {
        "old_password": PASSWORD,
        "new_password1": "n3w-Passw0rd!x",
        "new_password2": "n3w-Passw0rd!x",
    }

    answer = client.post("/admin/password_change/", form)

    assert answer["Location"] == "/admin/"
    dora.refresh_from_db()
    assert dora.check_password(PASSWORD)


def test_the_own_password_is_changed_with_a_history(dora, browser):
    client = browser(dora)
    form = {
        "old_password": PASSWORD,
        "new_password1": "n3w-Passw0rd!x",
        "new_password2": "n3w-Passw0rd!x",
    }

    answer = client.post("/admin/password_change/", form)

    assert answer["Location"] == "/admin/password_change/done/"
    dora.refresh_from_db()
    assert dora.check_password("n3w-Passw0rd!x")
    assert PersonEvent.objects.filter(person_id=dora.pk, field="password").count() == 1
