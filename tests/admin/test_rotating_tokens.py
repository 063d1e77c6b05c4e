"""Rotating in the admin: the question, the one page that shows the successor, and the marks."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

import configuration.values
from accounts.actor import Actor
from tests.conftest import PASSWORD
from tokens.models import AccessToken, TokenEvent
from tokens.signing.digests import digest_of

LIST = "/admin/tokens/accesstoken/"
HOUR = timedelta(hours=1)


def rotate(client: Client, *tokens: AccessToken, **answer):
    form = {"action": "rotate_tokens", "_selected_action": [token.pk for token in tokens]}
    return client.post(LIST, form | answer, follow=True)


def page_of(client: Client, token: AccessToken) -> str:
    return client.get(f"{LIST}{token.pk}/change/").content.decode()


def secret_in(page: str) -> str | None:
    found = re.search(r'<pre id="snippet-token"[^>]*>([\w.-]+)</pre>', page)
    return found and found[1]


def about(moment, other) -> bool:
    return abs(moment - other) < timedelta(seconds=10)


def test_the_page_asks_for_the_grace_and_offers_the_usual_one(dora, carol, issue, browser):
    configuration.values.suppose({"token_grace_hours": 5})
    token, _ = issue(carol, name="CRM")

    page = rotate(browser(dora), token).content.decode()

    offered = re.findall(r'<option value="(\d+)"( selected)?>', page)
    assert offered == [
        ("0", ""), ("1", ""), ("5", " selected"), ("8", ""), ("24", ""), ("72", ""), ("168", ""),
    ]  # fmt: skip
    assert "CRM" in page
    assert AccessToken.objects.count() == 1


def test_the_successor_is_shown_once(dora, carol, issue, browser):
    token, _ = issue(carol, name="CRM", domains=["crm.example.com"])
    client = browser(dora)

    answer = rotate(client, token, answer="yes", grace="1")

    page = answer.content.decode()
    new = AccessToken.objects.latest("id")
    assert new.digest == digest_of(secret_in(page))
    assert answer["Cache-Control"].startswith("no-store")
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    token.refresh_from_db()
    assert token.successor == new
    assert about(token.grace_until, timezone.now() + HOUR)
    assert f"{LIST}{token.pk}/change/" in page
    shown = TokenEvent.objects.get(verb="shown")
    assert (shown.token_id, shown.actor_id) == (new.pk, dora.pk)

    again = rotate(client, token, answer="yes", grace="1").content.decode()

    assert secret_in(again) is None
    assert "was rotated already" in again
    assert AccessToken.objects.count() == 2
    assert secret_in(page) not in page_of(client, new) + client.get(LIST).content.decode()


@pytest.mark.parametrize("grace", ["", "x", "-1", "169", "2", "²"])
def test_a_grace_that_was_not_offered_changes_nothing(grace, dora, carol, issue, browser):
    token, _ = issue(carol)

    page = rotate(browser(dora), token, answer="yes", grace=grace).content.decode()

    assert "Choose how long" in page
    assert AccessToken.objects.count() == 1


def test_tokens_are_rotated_one_at_a_time(dora, carol, issue, browser):
    tokens = [issue(carol)[0] for _ in range(2)]

    page = rotate(browser(dora), *tokens, answer="yes", grace="1").content.decode()

    assert "one at a time" in page
    assert AccessToken.objects.count() == 2


@pytest.mark.parametrize("change", ["disabled_at", "expires_at"])
def test_what_ended_is_not_rotated_and_has_no_button(change, dora, carol, issue, browser):
    token, _ = issue(carol)
    client = browser(dora)
    assert "rotate_tokens" in page_of(client, token)
    AccessToken.objects.filter(pk=token.pk).update(**{change: timezone.now() - HOUR})

    asked = rotate(client, token).content.decode()
    answered = rotate(client, token, answer="yes", grace="1").content.decode()

    assert "cannot be rotated" in asked
    assert "cannot be rotated" in answered
    assert "rotate_tokens" not in page_of(client, token)
    assert AccessToken.objects.count() == 1


def test_both_pages_lead_to_each_other_and_tell_the_time_left(dora, carol, issue, browser):
    old, _ = issue(carol, name="old")
    new, _ = old.rotate(by=Actor(dora), grace=5 * HOUR)
    client = browser(dora)

    old_page, new_page = page_of(client, old), page_of(client, new)

    assert f'href="{LIST}{new.pk}/change/"' in old_page
    assert f'href="{LIST}{old.pk}/change/"' in new_page
    assert "Rotated, in grace" in old_page
    left = r"(4\s+hours|5\s+hours)"
    assert re.search(left, old_page)
    assert re.search(left, client.get(LIST).content.decode())
    assert "rotate_tokens" not in old_page


def test_what_was_used_after_rotation_is_marked(dora, carol, issue, browser):
    old, _ = issue(carol, name="old")
    issue(carol, name="other")
    old.rotate(by=Actor(dora), grace=timedelta(0))
    client = browser(dora)
    assert "Used after rotation</span>" not in client.get(LIST).content.decode()
    old.mark_used_after_rotation(address="203.0.113.7", origin="")

    assert "Used after rotation</span>" in client.get(LIST).content.decode()
    assert "Used after rotation</span>" in page_of(client, old)
    for query in ({"unused": "rotated"}, {"state": "rotated"}):
        found = client.get(LIST, query).context["cl"].queryset
        assert [token.name for token in found] == ["old"], query


def test_a_session_by_link_gives_the_password_first_and_gains_nothing(dora, carol, issue, by_link):
    own, _ = issue(dora, scopes=["tickets:read"], days=60)
    foreign, _ = issue(carol, scopes=["tickets:read"])
    scopes = ["login:admin", "tokens:write", "tickets:read"]
    client = by_link(dora, scopes=scopes, days=9)

    for answer in ({}, {"answer": "yes", "grace": "1"}):
        form = {"action": "rotate_tokens", "_selected_action": [own.pk], **answer}
        refused = client.post(LIST, form)
        assert refused["Location"].startswith("/admin/auth/confirm?next=")
    assert AccessToken.objects.count() == 3
    client.post("/admin/auth/confirm?next=/admin/", {"password": PASSWORD})

    beyond = rotate(client, foreign, answer="yes", grace="1").content.decode()
    assert "only tokens that go no further than itself" in beyond
    assert AccessToken.objects.count() == 3
    assert secret_in(rotate(client, own, answer="yes", grace="1").content.decode())
    assert AccessToken.objects.latest("id").expires_at == client.token.expires_at


def test_a_token_that_reads_tokens_rotates_none(dora, issue, by_link):
    own, _ = issue(dora)
    client = by_link(dora, scopes=["login:admin", "tokens:read"])

    rotate(client, own, answer="yes", grace="1")

    assert "rotate_tokens" not in page_of(client, own)
    assert AccessToken.objects.count() == 2


def test_who_saves_an_old_page_is_told(dora, carol, issue, browser):
    token, _ = issue(carol, name="A")
    client = browser(dora)
    version = re.search(r'name="expected_version" value="(\d+)"', page_of(client, token))[1]
    token.edit(by=Actor(dora), name="B")
    form = {
        "name": "C",
        "scopes": token.scopes,
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "expected_version": version,
    }

    answer = client.post(f"{LIST}{token.pk}/change/", form)

    assert b"Somebody changed this in the meantime" in answer.content
    assert AccessToken.objects.get().name == "B"


def test_a_new_token_of_a_session_by_link_has_ticked_what_the_link_has(dora, by_link):
    client = by_link(dora, scopes=["login:admin", "tokens:write", "tickets:read"])
    client.post("/admin/auth/confirm?next=/admin/", {"password": PASSWORD})

    page = client.get(f"{LIST}add/").content.decode()

    ticked = set(re.findall(r'name="scopes" value="([^"]+)" checked', page))
    assert ticked == {"login:admin", "tickets:read"}
