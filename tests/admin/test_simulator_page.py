from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.conftest import PASSWORD
from tokens.models import AccessToken, TokenEvent

TRY = "/admin/tokens/accesstoken/try/"
READER = ["login:admin", "tokens:read"]


def outcomes(answer) -> dict[str, str]:
    """Return what the page says of each use, by its name."""
    page = answer.content.decode()
    found = re.findall(r'<li class="verdict verdict-([a-z-]+)" data-use="([^"]*)">', page)
    return {" ".join(use.split()): outcome for outcome, use in found}


def test_a_pasted_token_is_judged_for_every_use(dora, carol, issue, browser):
    _, secret = issue(carol, domains=["crm.example.com"])

    answer = browser(dora).post(
        TRY, {"secret": secret, "page": "http://crm.example.com/x", "address": "203.0.113.9"}
    )

    assert outcomes(answer) == {
        "link agent http": "works",
        "bare-link agent": "refused",
        "frame agent https": "works",
        "frame-without-cookies agent https": "works",
        "frame agent http": "works",
        "api-page": "works",
        "api-server": "refused",
    }
    page = answer.content.decode()
    assert "http://crm.example.com is allowed by the entry “crm.example.com”." in page
    assert "without a referring page" in page


def test_a_login_address_is_judged_for_its_target(dora, issue, browser):
    _, secret = issue(dora)
    address = f"https://desk.example.com/admin/auth/login?accessToken={secret}"

    answer = browser(dora).post(TRY, {"secret": address, "page": "http://shop.example.org/"})

    assert outcomes(answer) == {
        "link admin https": "works",
        "bare-link admin": "works",
        "frame admin https": "works",
        "frame-without-cookies admin https": "new-tab",
        "frame admin http": "new-tab",
        "api-page": "works",
        "api-server": "works",
    }


def test_with_a_public_address_over_https_only_that_is_judged(dora, issue, browser, settings):
    settings.SECURE, settings.PUBLIC_URL = True, "https://desk.example.com"
    _, secret = issue(dora)

    answer = browser(dora).post(TRY, {"secret": secret, "page": "https://shop.example.org/"})

    assert "frame agent http" not in outcomes(answer)
    assert outcomes(answer)["frame agent https"] == "works"


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        ("hello", "It is no AccessToken of this system"),
        ("https://desk.example.com/agent/auth/login", "The link came without a token"),
    ],
)
def test_what_is_no_token_says_why(pasted, sentence, dora, browser):
    answer = browser(dora).post(TRY, {"secret": pasted})

    assert outcomes(answer) == {"all": "refused"}
    assert sentence in answer.content.decode()


@pytest.mark.parametrize("more", [{}, {"page": "nonsense"}, {"address": "x"}, {"scope": "login:x"}])
def test_the_token_never_comes_back_and_nothing_is_kept(more, dora, carol, issue, browser, caplog):
    _token, secret = issue(carol)
    before = (AccessToken.objects.values().get(), TokenEvent.objects.count())
    client = browser(dora)
    client.get(TRY)
    session = dict(client.session)

    answer = client.post(TRY, {"secret": secret, **more})

    assert answer.status_code == 200
    for part in (secret, secret.rpartition(".")[2]):
        assert part not in answer.content.decode() + repr(answer.headers) + caplog.text
    assert (AccessToken.objects.values().get(), TokenEvent.objects.count()) == before
    assert dict(client.session) == session
    assert "no-store" in answer["Cache-Control"]
    assert bool(more) is (b"errorlist" in answer.content)


def test_an_error_page_would_not_show_it(dora, browser, rf, monkeypatch):
    secret = "eyJhbGciOiJIUzM4NCJ9.e30.AAAA"
    shown = {}

    def fails(request, form):
        shown["sensitive"] = request.sensitive_post_parameters
        raise RuntimeError("broken")

    monkeypatch.setattr("tokens.admin.simulator_page._simulated", fails)
    client = browser(dora)
    client.raise_request_exception = False

    answer = client.post(TRY, {"secret": secret})

    assert answer.status_code == 500
    assert secret not in answer.content.decode()
    assert shown["sensitive"] == ("secret",)


def test_a_form_of_another_site_tries_nothing(dora, issue):
    _, secret = issue(dora)
    client = Client(enforce_csrf_checks=True)
    client.force_login(dora)

    assert client.post(TRY, {"secret": secret}).status_code == 403


def test_who_may_not_read_tokens_tries_none(alice, carol, dora, issue, browser, by_link):
    _, secret = issue(dora)
    weak = by_link(dora, scopes=["login:admin", "tickets:read"])
    for client in (browser(alice), browser(carol), weak):
        for answer in (client.get(TRY), client.post(TRY, {"secret": secret})):
            assert answer.status_code == 403
            assert outcomes(answer) == {}
    assert Client().post(TRY, {"secret": secret}).status_code == 302


def test_a_session_by_link_gives_the_password_first(dora, issue, by_link):
    _, secret = issue(dora)
    client = by_link(dora, scopes=READER)

    for answer in (client.get(TRY), client.post(TRY, {"secret": secret})):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/auth/confirm?next=")
    client.post(f"/admin/auth/confirm?next={TRY}", {"password": PASSWORD})
    assert outcomes(client.post(TRY, {"secret": secret}))["api-server"] == "works"


def test_a_frame_tries_nothing(dora, issue, by_link):
    _, secret = issue(dora)
    client = by_link(dora, scopes=READER, confirmed=True)

    answer = client.post(TRY, {"secret": secret}, headers={"Sec-Fetch-Dest": "iframe"})

    assert b"Open in a new tab" in answer.content
    assert outcomes(answer) == {}
    assert client.get(TRY)["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("page", ["/admin/tokens/accesstoken/", "/admin/tokens/denial/"])
def test_the_lists_lead_there(page, dora, browser):
    assert f'href="{TRY}"' in browser(dora).get(page).content.decode()
