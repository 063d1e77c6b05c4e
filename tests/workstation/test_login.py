from __future__ import annotations

import pytest
from django.test import Client

from accounts.actor import Actor
from tests.conftest import PASSWORD

REFUSED = "The workstation is for the team."


def sign_in(client, username, password=PASSWORD, **more):
    return client.post("/agent/login", {"username": username, "password": password, **more})


def test_an_agent_signs_in_with_a_password(carol):
    client = Client()

    response = sign_in(client, carol.username)

    assert response.status_code == 302
    assert response["Location"] == "/agent/"
    assert client.get("/agent/").status_code == 200


def test_a_customer_is_told_and_stays_outside(alice):
    client = Client()

    response = sign_in(client, alice.username)

    assert response.status_code == 422
    assert REFUSED in response.content.decode()
    assert client.get("/agent/").status_code == 302


def test_a_wrong_password_says_so_and_keeps_the_name(carol):
    response = sign_in(Client(), carol.username, "wrong")

    page = response.content.decode()
    assert response.status_code == 422
    assert "do not go together" in page
    assert f'value="{carol.username}"' in page


def test_five_wrong_passwords_lock_that_person_out_at_that_address(carol, carlos):
    client = Client()
    for _ in range(5):
        locked = sign_in(client, carol.username, "wrong")

    assert locked.status_code == 429
    assert sign_in(Client(), carol.username).status_code == 429
    assert sign_in(Client(), carlos.username).status_code == 302


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/agent/tickets?tab=all", "/agent/tickets?tab=all"),
        ("https://evil.example/", "/agent/"),
        ("//evil.example/", "/agent/"),
        ("/agent/../admin/", "/agent/"),
        ("/agent/logout", "/agent/"),
        ("/admin/", "/agent/"),
    ],
)
def test_next_leads_only_into_the_workstation(asked, given, carol):
    assert sign_in(Client(), carol.username, next=asked)["Location"] == given


def test_the_page_asked_for_is_kept_through_the_sign_in(carol):
    client = Client()

    response = client.get("/agent/tickets?tab=all&q=printer", follow=True)

    assert 'name="next" value="/agent/tickets?tab=all&amp;q=printer"' in response.content.decode()


def test_the_sign_in_page_is_framed_by_nobody(db):
    response = Client().get("/agent/login")

    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_who_is_inside_goes_on_without_the_form(carol, by_password):
    response = by_password(carol).get("/agent/login?next=/agent/tickets?tab=all")

    assert response.status_code == 303
    assert response["Location"] == "/agent/tickets?tab=all"


def test_a_password_takes_the_place_of_a_weak_token(carol, by_link, ticket):
    client = by_link(carol, scopes=["login:agent"])
    assert client.get("/agent/tickets").status_code == 403

    sign_in(client, carol.username)

    assert client.get("/agent/tickets").status_code == 200


def test_a_password_opens_the_door_after_a_token_has_ended(carol, issue, db):
    row, secret = issue(carol)
    client = Client()
    client.get("/agent/auth/login", {"accessToken": secret})
    row.disable(by=Actor.system())
    assert client.get("/agent/").status_code == 401

    assert sign_in(client, carol.username).status_code == 302
    assert client.get("/agent/").status_code == 200


def test_logging_out_ends_the_session_and_may_be_shown_in_a_frame(carol, by_link):
    client = by_link(carol)

    response = client.post("/agent/logout")
    page = client.get(response["Location"])

    assert response.status_code == 303
    assert page.status_code == 200
    assert "frame-ancestors" not in page["Content-Security-Policy"]
    assert "<form" not in page.content.decode()
    assert client.get("/agent/").status_code == 302


def test_logging_out_by_get_does_nothing(carol, by_password):
    client = by_password(carol)

    assert client.get("/agent/logout").status_code == 405
    assert client.get("/agent/").status_code == 200


def test_the_front_address_leads_to_the_workstation(db):
    assert Client().get("/")["Location"] == "/agent/"


@pytest.mark.parametrize("path", ["/agent/", "/agent/tickets", "/agent/tickets/new"])
def test_customers_are_told_why_they_cannot_enter(path, alice, by_password):
    response = by_password(alice).get(path)

    assert response.status_code == 403
    assert "Your role does not allow this" in response.content.decode()


def test_the_page_says_for_whom_a_link_signed_in(carol, by_link, by_password):
    page = by_link(carol).get("/agent/").content.decode()
    assert "Signed in by link as <bdi>Carol</bdi>" in page
    assert "Signed in by link" not in by_password(carol).get("/agent/").content.decode()
