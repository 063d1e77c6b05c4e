"""Domains under which strangers have sites: refused when a list is saved, kept where one was."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.actor import Actor
from tests.tokens.test_frames import sign_in
from tokens.models import AccessToken, TokenEvent
from tokens.origins.domains import parse, parse_to_save

# Those of everybody, and those that a provider gives its customers (the list's private part).
SHARED = [
    "cloudfront.net", "azurewebsites.net", "com.tw", "co.in", "gov.cn", "myshopify.com",
]  # fmt: skip
SENTENCE = "would allow sites of strangers. Name your own domain after “*.”."
OLD = ["crm.example.com", "*.cloudfront.net"]
PAGE = "https://d111.cloudfront.net"
TOP = {"Sec-Fetch-Dest": "document"}
LIST = "/admin/tokens/accesstoken/"


@pytest.fixture
def old(carol, issue) -> tuple[AccessToken, str]:
    """Return a token whose list was saved before the public suffixes were asked."""
    token, secret = issue(carol, name="CRM", scopes=["login:agent", "tickets:read"])
    AccessToken.objects.filter(pk=token.pk).update(domains=OLD)
    token.refresh_from_db()
    return token, secret


def codes_of(answer) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


# --- What is too wide ---------------------------------------------------------------------------


@pytest.mark.parametrize("host", [*SHARED, "co.uk", "github.io", "公司.cn", "foo.ck"])
@pytest.mark.parametrize("form", ["*.{}", ".{}", "https://*.{}", "*.{}:8443", "*.{}."])
def test_nothing_right_below_a_public_suffix_is_saved(host, form):
    entry = form.format(host)

    with pytest.raises(ValidationError) as refusal:
        parse_to_save(["crm.example.com", entry])

    assert refusal.value.code == "too_wide"
    assert refusal.value.messages == [f"“{entry}” {SENTENCE}"]


@pytest.mark.parametrize(
    "entry",
    [
        *SHARED, "com", "localhost", "github.io:8443", "*.example.com.tw", ".shop.myshopify.com",
        "*.crm.gov.cn", "*.www.ck", "*.corp.internal", "https://*.example.co.uk:*",
    ],
)  # fmt: skip
def test_one_host_and_what_lies_below_ones_own_are_saved(entry):
    assert parse_to_save([entry]) == parse(entry)
    assert not any(domain.is_too_wide for domain in parse(entry))


@pytest.mark.parametrize("entry", ["*.com", ".localhost", "*.10.0.0.1", "*.127.1"])
def test_single_names_and_addresses_have_no_subdomains(entry):
    with pytest.raises(ValidationError) as refusal:
        parse_to_save([entry])

    assert refusal.value.code == "too_wide"


# --- Saving -------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", SHARED)
@pytest.mark.parametrize("form", ["*.{}", ".{}"])
def test_the_api_refuses_it_in_new_and_changed_tokens(host, form, dora, issue, as_user):
    token, _ = issue(dora, domains=["crm.example.com"])
    client, lists = as_user(dora), {"domains": [form.format(host)]}

    made = client.post("/api/tokens/create", {"name": "x", **lists})
    changed = client.patch(f"/api/tokens/{token.pk}", lists)

    for answer in (made, changed):
        assert answer.status_code == 400
        assert codes_of(answer) == [("domains", "too-wide")]
    assert AccessToken.objects.get().domains == ["crm.example.com"]
    assert list(TokenEvent.objects.values_list("verb", flat=True)) == ["made"]


@pytest.mark.parametrize("host", SHARED)
def test_the_command_refuses_it(host, dora):
    with pytest.raises(CommandError, match="would allow sites of strangers"):
        call_command(
            "issue_access_token", user=dora.username, name="x", domain=[f"*.{host}"], scope=None
        )

    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("host", SHARED)
def test_the_form_refuses_it_and_says_so_while_it_is_typed(host, dora, client):
    client.force_login(dora)
    key = re.search(r'name="form_key" value="([^"]+)"', client.get(f"{LIST}add/").content.decode())
    form = {"user": dora.pk, "name": "x", "domains": f"*.{host}", "days": "7", "form_key": key[1]}

    answer = client.post(f"{LIST}add/", form)
    typed = client.get(f"{LIST}explain/", {"domains": f"crm.example.com\n*.{host}"}).json()

    assert SENTENCE in str(answer.context["adminform"].form.errors["domains"])
    assert not AccessToken.objects.exists()
    assert [line["ok"] for line in typed["domains"]] == [True, False]
    assert typed["domains"][1]["text"] == f"“*.{host}” {SENTENCE}"


# --- What was saved before ----------------------------------------------------------------------


@pytest.fixture
def unasked(monkeypatch):
    """Fail where the list of public suffixes is read: no use of a token needs it."""

    def fail(_host: str) -> bool:
        raise AssertionError("the public suffixes were asked")

    monkeypatch.setattr("tokens.origins.domains.is_public_suffix", fail)


@pytest.mark.usefixtures("unasked")
def test_a_script_goes_on_calling_from_there(old):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {old[1]}")

    assert client.get("/api/tickets", headers={"Origin": PAGE}).status_code == 200
    assert client.get("/api/tickets", headers={"Origin": "https://b.example"}).status_code == 403


@pytest.mark.usefixtures("unasked")
def test_a_link_opens_from_there_and_its_session_lasts(old):
    browser, shown = Client(), {"Referer": f"{PAGE}/x", **TOP}

    opened = browser.get("/agent/auth/login", {"accessToken": old[1]}, headers=shown)

    assert opened.status_code == 303
    assert browser.get("/agent/", headers=TOP).status_code == 200
    assert TokenEvent.objects.filter(verb="login", origin=PAGE).exists()


@pytest.mark.usefixtures("unasked")
def test_its_pages_go_on_framing_us(old):
    browser = Client()

    frame = sign_in(browser, old[1], Referer=f"{PAGE}/")
    page = browser.get(frame, secure=True, headers={"Sec-Fetch-Dest": "iframe"})

    assert page.status_code == 200
    assert "https://*.cloudfront.net" in page["Content-Security-Policy"]


def test_a_rotation_takes_the_list_along(old, dora):
    successor, _ = old[0].rotate(by=Actor(dora))

    assert successor.domains == OLD


def test_other_fields_change_and_the_whole_is_written_back(old, dora, as_user):
    client, address = as_user(dora), f"/api/tokens/{old[0].pk}"
    whole = client.get(address).json()

    unchanged = client.put(address, whole)
    renamed = client.put(address, {**whole, "name": "CRM 2"})
    patched = client.patch(address, {"networks": ["10.0.0.0/8"]})

    assert (unchanged.status_code, unchanged.json()) == (200, whole)
    assert (renamed.status_code, renamed.json()["name"]) == (200, "CRM 2")
    assert (patched.status_code, patched.json()["domains"]) == (200, OLD)


@pytest.mark.parametrize(
    "domains", [[*OLD, "b.example"], ["*.cloudfront.net"], [".cloudfront.net", "crm.example.com"]]
)
def test_the_next_change_of_the_list_has_to_mend_it(domains, old, dora, as_user):
    client, address = as_user(dora), f"/api/tokens/{old[0].pk}"

    refused = client.patch(address, {"domains": domains})
    assert (refused.status_code, codes_of(refused)) == (400, [("domains", "too-wide")])
    old[0].refresh_from_db()
    assert old[0].domains == OLD

    mended = client.patch(address, {"domains": ["d111.cloudfront.net"]})
    assert (mended.status_code, mended.json()["domains"]) == (200, ["d111.cloudfront.net"])


def test_it_is_no_model_for_a_new_token(old, dora, issue):
    with pytest.raises(ValidationError) as refusal:
        issue(dora, domains=old[0].domains)

    assert refusal.value.error_dict["domains"][0].code == "too_wide"


def test_the_form_changes_the_name_and_asks_to_mend_the_list(old, dora, client):
    client.force_login(dora)
    token = old[0]
    page = f"{LIST}{token.pk}/change/"
    form = {
        "name": "CRM 2",
        "scopes": token.scopes,
        "domains": "\n".join(OLD),
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%S"),
    }

    assert client.post(page, form).status_code == 302
    refused = client.post(page, form | {"domains": "\n".join([*OLD, "b.example"])})
    token.refresh_from_db()
    assert (token.name, token.domains) == ("CRM 2", OLD)
    assert f"“*.cloudfront.net” {SENTENCE}" in str(
        refused.context["adminform"].form.errors["domains"]
    )
    assert client.post(page, form | {"domains": "crm.example.com"}).status_code == 302


# --- The mark in the admin ----------------------------------------------------------------------

MARK = "*.cloudfront.net: sites of strangers may use this token."


def test_it_is_marked_where_administrators_look(old, dora, client):
    client.force_login(dora)
    token, secret = old
    Client().get(
        "/api/tickets",
        headers={"Authorization": f"Bearer {secret}", "Origin": "https://evil.example"},
    )

    for page in (LIST, f"{LIST}{token.pk}/change/", "/admin/tokens/denial/"):
        shown = client.get(page).content.decode()
        assert MARK in shown, page
        assert "must name your own domains instead" in shown
        assert "too wide" in shown.lower()


def test_what_was_only_typed_is_not_marked(dora, carol, issue, client):
    client.force_login(dora)
    token, _ = issue(carol, scopes=["tickets:read"], domains=["crm.example.com"])
    form = {
        "name": "CRM",
        "scopes": token.scopes,
        "domains": "*.cloudfront.net",
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%S"),
    }

    shown = client.post(f"{LIST}{token.pk}/change/", form).content.decode()

    assert SENTENCE in shown
    assert "too wide" not in shown.lower()


def test_a_list_of_ones_own_is_not_marked(dora, carol, issue, client):
    client.force_login(dora)
    token, secret = issue(carol, name="CRM", domains=["*.example.com", "d111.cloudfront.net"])
    removed, gone = issue(carol, name="Shop", domains=["shop.example"])
    for carried in (secret, gone):
        Client().get(
            "/api/tickets",
            headers={"Authorization": f"Bearer {carried}", "Origin": "https://evil.example"},
        )
    removed.remove(by=Actor(dora))

    for page in (LIST, f"{LIST}{token.pk}/change/", "/admin/tokens/denial/"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert "too wide" not in answer.content.decode().lower()
    assert TokenEvent.objects.denials().count() == 2
