"""Five wrong passwords lock a person out at an address, whichever door asked for them."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.test import Client

from accounts.lockout import counted_name
from accounts.models import User
from tests.conftest import PASSWORD

SIGN_IN = "/admin/login/"
CONFIRM = "/admin/auth/confirm?next=/admin/"
NEW = "n3w-Passw0rd!x"


def guess(client, person, password="wrong", page=SIGN_IN):
    return client.post(page, {"username": person.username, "password": password})


@pytest.mark.parametrize("page", [SIGN_IN, CONFIRM])
def test_coming_by_a_link_gives_no_new_guesses(page, dora, issue):
    _row, secret = issue(dora)
    for _ in range(5):
        browser = Client()
        browser.get("/admin/auth/login", {"accessToken": secret})
        locked = guess(browser, dora, page=page)

    assert locked.status_code == 429
    assert guess(browser, dora, PASSWORD, page).status_code == 429


@pytest.mark.parametrize("page", [SIGN_IN, "/agent/login", CONFIRM])
def test_the_right_password_forgets_the_wrong_ones(page, dora, by_link):
    client = by_link(dora)
    for _ in range(4):
        guess(client, dora, page=page)

    assert guess(client, dora, PASSWORD, page).status_code == 302

    assert AccessAttempt.objects.count() == 0


def test_the_right_password_forgets_nothing_of_others(dora, carol):
    for person in (dora, carol):
        guess(Client(), person)
    guess(Client(REMOTE_ADDR="192.0.2.1"), dora)

    guess(Client(), dora, PASSWORD)

    left = AccessAttempt.objects.values_list("username", "ip_address")
    assert set(left) == {(carol.username, "127.0.0.1"), (dora.username, "192.0.2.1")}


def test_the_old_password_of_a_change_is_guessed_five_times_too(dora, browser):
    client = browser(dora)
    form = {"old_password": "wr0ng-Old-0ne", "new_password1": NEW, "new_password2": NEW}
    answers = [client.post("/admin/password_change/", form).status_code for _ in range(5)]

    right = client.post("/admin/password_change/", {**form, "old_password": PASSWORD})

    assert answers == [200, 200, 200, 200, 429]
    assert right.status_code == 429
    dora.refresh_from_db()
    assert dora.check_password(PASSWORD)


def test_no_password_of_a_refused_change_is_kept(dora, browser):
    form = {"old_password": "wr0ng-Old-0ne", "new_password1": NEW, "new_password2": NEW + "2"}

    page = browser(dora).post("/admin/password_change/", form).content.decode()

    kept = AccessAttempt.objects.get().post_data
    assert "Your old password was entered incorrectly" in page
    assert "wr0ng-Old-0ne" not in kept
    assert NEW not in kept


def test_every_spelling_of_a_name_counts_for_its_person(dora):
    # Upper case, blanks around, and the wide letters of East Asian keyboards.
    for spelling in (
        "Dora@example.com",
        "DORA@EXAMPLE.COM",
        " dora@example.com",
        "\uff44ora@example.com",
    ):
        assert guess(Client(), User(username=spelling)).status_code == 200

    assert guess(Client(), dora).status_code == 429
    assert guess(Client(), dora, PASSWORD).status_code == 429


@pytest.mark.parametrize(
    ("typed", "counted"),
    [
        ("  Dora@Example.com ", "dora@example.com"),
        ("ＤＯＲＡ@example.com", "dora@example.com"),
        ("\u03c3\u03c2", "\u03c3\u03c3"),
    ],
)
def test_names_are_counted_as_the_database_compares_them(typed, counted):
    assert counted_name(None, {"username": typed}) == counted


def test_a_name_that_grows_by_its_normal_form_still_fits_the_column():
    assert len(counted_name(None, {"username": "\ufdfa" * 150})) == 255
