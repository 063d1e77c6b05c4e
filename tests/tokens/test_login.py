from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

import configuration.values
from accounts.actor import Actor
from tokens.diagnostics import pasted
from tokens.login import views
from tokens.maintenance import due_work
from tokens.models import AccessToken, LoginCode, Session, TokenEvent
from tokens.sessions.engine import MOST_SESSIONS_OF_A_TOKEN, TOKEN_KEY, row_key

TOP = {"Sec-Fetch-Dest": "document"}
FRAME = {"Sec-Fetch-Dest": "iframe"}


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def log_in(browser: Client, secret: str, room: str = "agent", **headers):
    return browser.get(f"/{room}/auth/login", {"accessToken": secret}, headers={**TOP, **headers})


def user_of(browser: Client) -> str | None:
    return browser.session.get("_auth_user_id")


@pytest.mark.parametrize("room", ["agent", "admin"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_link_signs_in_and_goes_on_without_the_token(browser, dora, issue, room, slash):
    token, secret = issue(dora)

    response = browser.get(f"/{room}/auth/login{slash}", {"accessToken": secret}, headers=TOP)

    assert (response.status_code, response["Location"]) == (303, f"/{room}/")
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert secret not in f"{response.headers}{response.content}{response.cookies}"
    assert browser.session[TOKEN_KEY] == token.pk
    assert TokenEvent.objects.filter(verb="login", token_id=token.pk).count() == 1


def test_a_form_of_another_site_may_post_the_token(browser, dora, issue):
    _, secret = issue(dora, domains=["crm.example.com"])

    response = browser.post(
        "/agent/auth/login",
        {"accessToken": secret},
        headers={**TOP, "Origin": "https://crm.example.com"},
    )

    # The browser kept a Lax cookie back, so our own page asks again before anybody is replaced.
    opened, _, code = response["Location"].partition("#")
    assert (response.status_code, opened) == (303, "/agent/auth/open")
    assert user_of(browser) is None
    browser.post("/agent/auth/open", {"code": code})
    assert user_of(browser) == str(dora.pk)


def test_a_posted_form_never_replaces_somebody_silently(browser, dora, carol, issue):
    _, secret = issue(carol)
    posted = Client().post(
        "/agent/auth/login",
        {"accessToken": secret},
        headers={**TOP, "Origin": "https://crm.example.com"},
    )
    browser.force_login(dora)

    code = posted["Location"].partition("#")[2]
    asked = browser.post("/agent/auth/open", {"code": code}, headers=TOP)

    assert asked["Location"] == "/agent/auth/switch"
    assert user_of(browser) == str(dora.pk)


@pytest.mark.parametrize("origin", ["null", "http://["])
def test_a_form_that_hides_its_page_replaces_nobody_silently_either(origin, browser, dora, issue):
    _, secret = issue(dora)

    response = browser.post(
        "/agent/auth/login", {"accessToken": secret}, headers={**TOP, "Origin": origin}
    )

    assert response["Location"].startswith("/agent/auth/open#")
    assert user_of(browser) is None


def test_sessions_that_are_over_are_forgotten(browser, dora, issue):
    _, secret = issue(dora)
    log_in(Client(), secret)
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))
    log_in(browser, secret)

    assert due_work.forget_sessions() == 1
    assert browser.get("/agent/tickets").status_code == 200


def test_whoever_comes_after_the_end_of_the_token_is_told_so(browser, dora, issue):
    token, secret = issue(dora, days=1 / 24)
    log_in(browser, secret)

    # Neither the browser nor the table may have forgotten the session by then.
    assert browser.session.get_expiry_age() == settings.SESSION_COOKIE_AGE
    AccessToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    told = browser.get("/agent/tickets")
    assert (told.status_code, b"The token has expired" in told.content) == (401, True)


@pytest.mark.parametrize(
    ("query", "status", "cause"),
    [
        ("", 400, "token-missing"),
        ("accessToken=", 400, "token-missing"),
        ("accessToken=a&accessToken=b", 400, "token-doubled"),
        ("accessToken=nonsense", 401, "token-invalid"),
    ],
)
def test_a_failure_says_why_and_signs_nobody_in(browser, db, query, status, cause):
    response = browser.get(f"/agent/auth/login?{query}", headers=TOP)

    assert response.status_code == status
    assert cause in response.content.decode()
    assert "frame-ancestors" not in response["Content-Security-Policy"]
    assert "X-Frame-Options" not in response
    assert not Session.objects.exists()


def test_whoever_fails_too_often_is_told_to_wait_and_a_good_token_still_enters(
    browser, dora, issue
):
    configuration.values.suppose({"failed_credentials_per_minute": 3})
    _, secret = issue(dora)

    failures = [log_in(browser, "nonsense").status_code for _ in range(3)]
    told = log_in(browser, "nonsense")
    code = browser.post("/agent/auth/open", {"code": "wlc_nonsense"})

    assert failures == [401, 401, 401]
    assert told.status_code == code.status_code == 429
    assert 0 < int(told["Retry-After"]) <= 60
    assert "too-many-failures" in told.content.decode()
    assert log_in(browser, secret).status_code == 303


def test_a_program_gets_the_failure_as_a_problem(browser, db):
    response = browser.get(
        "/agent/auth/login?accessToken=nonsense", headers={"Accept": "application/json"}
    )

    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "token-invalid"


def test_a_link_that_shows_no_page_gets_the_remedy_of_links_alone(browser, dora, issue):
    _, secret = issue(dora, domains=["crm.example.com"])

    page = log_in(browser, secret).content.decode()
    problem = log_in(browser, secret, Accept="application/json").json()

    for text in (page, problem["detail"]):
        assert "tick “Sign in without a referring page” in the token" in text
        assert "Programs" not in text
        assert "add its domain" not in text
    assert user_of(browser) is None


@pytest.mark.parametrize(
    ("wanted", "language", "title", "advice"),
    [
        ("fr, en", "en", "No token was sent", "Add the AccessToken"),
        ("zh-CN, en;q=0.8", "zh-hans", "没有收到令牌", "请带上 AccessToken"),
        ("zh", "zh-hans", "没有收到令牌", "请带上 AccessToken"),
    ],
)
def test_the_failure_speaks_chinese_or_english(browser, db, wanted, language, title, advice):
    page = browser.get("/agent/auth/login", headers={"Accept-Language": wanted}).content.decode()

    assert f'<html lang="{language}">' in page
    assert f"<h1>{title}</h1>" in page
    assert advice in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        *({"Sec-Fetch-Dest": kind} for kind in ("image", "script", "style", "empty", "worker", "")),
    ],
)
def test_looking_ahead_signs_nobody_in(browser, dora, issue, headers):
    _, secret = issue(dora)

    assert log_in(browser, secret, **headers).status_code == 403
    assert browser.head("/agent/auth/login", {"accessToken": secret}).status_code == 405
    assert not Session.objects.exists()


def test_a_customer_cannot_enter_and_an_agent_not_the_admin(browser, alice, carol, issue):
    _, customers = issue(alice)
    _, agents = issue(carol)

    assert log_in(browser, customers).status_code == 403
    assert log_in(browser, agents, "admin").status_code == 403
    assert not Session.objects.exists()


def test_a_token_without_the_login_scope_opens_nothing(browser, dora, issue):
    _, secret = issue(dora, scopes=["tickets:write"])

    response = log_in(browser, secret)

    assert response.status_code == 403
    assert "login:agent" in response.content.decode()


@pytest.mark.parametrize(
    ("page", "goes_to"),
    [
        ("/agent/?tab=mine", "/agent/?tab=mine"),
        ("/admin/", "/agent/"),
        ("//evil.example.com", "/agent/"),
        ("https://evil.example.com/agent/", "/agent/"),
        ("/agent/../admin/", "/agent/"),
        ("/agent/%2e%2e/admin/", "/agent/"),
        ("/agent/\\evil", "/agent/"),
        ("/agent//evil", "/agent/"),
        ("/agent/auth/login?accessToken=x", "/agent/"),
        ("/agent/login", "/agent/"),
        ("/agent/logout", "/agent/"),
        ("/agent/no-such-page", "/agent/"),
        ("/agent/\r\nSet-Cookie: a=b", "/agent/"),
        ("//[", "/agent/"),
        ("/agent/[", "/agent/"),
    ],
)
def test_next_leads_only_to_pages_of_the_room(browser, dora, issue, page, goes_to):
    _, secret = issue(dora)

    response = browser.get("/agent/auth/login", {"accessToken": secret, "next": page}, headers=TOP)

    assert response["Location"] == goes_to


def test_a_second_click_keeps_the_session(browser, dora, issue):
    _, secret = issue(dora)
    log_in(browser, secret)
    before = browser.cookies["weiyu"].value

    log_in(browser, secret)

    assert browser.cookies["weiyu"].value == before
    assert Session.objects.count() == 1


def test_another_token_of_the_same_person_starts_anew(browser, dora, issue):
    _, first = issue(dora)
    second, secret = issue(dora)
    log_in(browser, first)

    assert log_in(browser, secret).status_code == 303
    assert browser.session[TOKEN_KEY] == second.pk
    assert Session.objects.count() == 1


def test_another_person_is_asked_about_first(browser, dora, carol, issue):
    _, doras = issue(dora)
    _, carols = issue(carol)
    log_in(browser, doras)

    asked = log_in(browser, carols)

    assert asked["Location"] == "/agent/auth/switch"
    assert user_of(browser) == str(dora.pk)
    page = browser.get("/agent/auth/switch", headers=TOP)
    assert "Carol" in page.content.decode()
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert browser.post("/agent/auth/switch").status_code == 403
    csrf = page.context["csrf_token"]
    done = browser.post("/agent/auth/switch", {"csrfmiddlewaretoken": str(csrf)})
    assert done["Location"] == "/agent/"
    assert user_of(browser) == str(carol.pk)


def test_a_password_session_is_never_replaced_silently(browser, dora, issue):
    _, secret = issue(dora)
    browser.force_login(dora)

    assert log_in(browser, secret)["Location"] == "/agent/auth/switch"
    assert TOKEN_KEY not in browser.session


def test_a_code_opens_one_session_once(browser, carol, issue):
    token, _ = issue(carol)
    code = LoginCode.make(token, target="agent", next_page="/agent/")

    page = browser.get("/agent/auth/open")
    # Under "no-referrer" browsers would send the origin "null" with our own form.
    assert (page.status_code, page["Referrer-Policy"]) == (200, "same-origin")
    assert browser.post("/agent/auth/open", {"code": code})["Location"] == "/agent/"
    assert user_of(browser) == str(carol.pk)
    assert Client().post("/agent/auth/open", {"code": code}).status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://["])
def test_a_code_is_posted_by_our_own_page_only(origin, browser, carol, issue):
    token, _ = issue(carol)
    code = LoginCode.make(token, target="agent")

    response = browser.post("/agent/auth/open", {"code": code}, headers={"Origin": origin})

    assert response.status_code == 403
    assert LoginCode.objects.count() == 1


def test_a_new_password_ends_the_codes_of_the_person(browser, carol, issue):
    token, _ = issue(carol)
    code = LoginCode.make(token, target="agent")

    carol.set_password("another long password")
    carol.save()

    assert browser.post("/agent/auth/open", {"code": code}).status_code == 401


def test_disabling_ends_the_session_on_the_next_click_and_says_so(browser, dora, issue):
    token, secret = issue(dora)
    log_in(browser, secret, "admin")
    assert browser.get("/admin/").status_code == 200

    token.disable(by=Actor.system())

    for _ in range(2):
        response = browser.get("/admin/")
        assert response.status_code == 401
        assert "token-disabled" in response.content.decode()
    assert user_of(browser) is None
    token.enable(by=Actor.system())
    assert browser.get("/admin/").status_code == 401


def test_the_api_says_that_the_sessions_token_ended(browser, dora, issue):
    token, secret = issue(dora)
    log_in(browser, secret)
    assert browser.get("/api/user/profile").status_code == 200

    token.disable(by=Actor.system())

    response = browser.get("/api/user/profile")
    assert (response.status_code, response.json()["code"]) == (401, "token-disabled")


def test_a_new_password_ends_the_sessions_of_a_token_too(browser, dora, issue):
    _, secret = issue(dora)
    log_in(browser, secret, "admin")

    dora.set_password("another long password")
    dora.save()

    assert "signed-out" in browser.get("/admin/").content.decode()


def test_a_token_keeps_at_most_fifty_sessions(dora, issue):
    token, secret = issue(dora)

    for _ in range(MOST_SESSIONS_OF_A_TOKEN + 2):
        log_in(Client(), secret)

    assert token.sessions.count() == MOST_SESSIONS_OF_A_TOKEN


def test_the_pages_of_a_session_are_framed_by_the_tokens_domains(browser, dora, issue):
    _, secret = issue(dora, domains=["crm.example.com"], allow_missing_referrer=True)
    log_in(browser, secret, "admin")

    response = browser.get("/admin/")

    assert (
        "frame-ancestors http://crm.example.com https://crm.example.com"
        in response["Content-Security-Policy"]
    )
    assert "X-Frame-Options" not in response


def test_an_unrestricted_token_is_framed_by_anyone_and_a_password_by_nobody(browser, dora, issue):
    _, secret = issue(dora)
    log_in(browser, secret, "admin")
    other = Client()
    other.force_login(dora)

    assert "frame-ancestors" not in browser.get("/admin/")["Content-Security-Policy"]
    own = other.get("/admin/")
    assert "frame-ancestors 'none'" in own["Content-Security-Policy"]
    assert own["X-Frame-Options"] == "DENY"


def test_a_tab_over_https_gets_a_lax_cookie(dora, issue):
    _, secret = issue(dora)

    response = Client().get("/agent/auth/login", {"accessToken": secret}, headers=TOP, secure=True)

    cookie = response.cookies["__Host-weiyu"]
    assert (cookie["samesite"], cookie["secure"], cookie["path"]) == ("Lax", True, "/")


def test_managing_tokens_in_a_token_session_wants_the_password(browser, dora, issue):
    _, secret = issue(dora, scopes=["login:admin", "tokens:write"])
    log_in(browser, secret, "admin")

    page = browser.get("/admin/auth/confirm?next=/admin/")
    csrf = str(page.context["csrf_token"])
    wrong = browser.post(
        "/admin/auth/confirm?next=/admin/", {"password": "no", "csrfmiddlewaretoken": csrf}
    )
    right = browser.post(
        "/admin/auth/confirm?next=/admin/",
        {"password": "correct horse battery staple", "csrfmiddlewaretoken": csrf},
    )

    assert "That is not the password" in wrong.content.decode()
    assert (right.status_code, right["Location"]) == (302, "/admin/")
    assert browser.session["_password_confirmed_at"] <= time.time()


def test_the_token_is_in_no_row(browser, dora, issue):
    _, secret = issue(dora)
    log_in(browser, secret)

    for model in (AccessToken, TokenEvent, Session, LoginCode):
        assert secret.rpartition(".")[2] not in str(list(model.objects.values()))
    assert settings.SESSION_ENGINE == "tokens.sessions.engine"


def test_our_own_page_redeems_a_code_whatever_port_the_proxy_drops(browser, dora, issue, settings):
    settings.PUBLIC_URL = "http://desk.weiyu.test:8443"
    token, _ = issue(dora)
    code = LoginCode.make(token, target="agent")

    def redeem(origin: str):
        headers = {"Host": "desk.weiyu.test", "Origin": origin}
        return browser.post("/agent/auth/open", {"code": code}, headers=headers)

    assert redeem("http://desk.weiyu.test:9443").status_code == 403
    assert redeem(settings.PUBLIC_URL)["Location"] == "/agent/"
    assert user_of(browser) == str(dora.pk)


@pytest.mark.parametrize("path", ["/", "/agent/login", "/admin/login/", "/nowhere", "/api/docs"])
def test_no_page_with_a_token_in_its_address_shows_it_to_what_it_loads(path, browser, dora, issue):
    _, secret = issue(dora)
    pages = [f"{path}?accessToken={secret}", f"{path}?next=%2Fx%3Ftoken%3D{secret}"]

    for page in [*pages, f"{path.rstrip('/')}/{secret}"]:
        answer = browser.get(page)
        assert answer["Referrer-Policy"] in {"strict-origin", "no-referrer"}, page
    assert browser.get("/agent/login")["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("destination", ["image", "script", "empty", "style", "audio", "x"])
def test_only_a_page_signs_in(destination, browser, dora, issue):
    """A picture of another page would sign somebody in behind their back."""
    _, secret = issue(dora)
    code = LoginCode.make(issue(dora)[0], target="agent", next_page="/agent/")
    headers = {"Sec-Fetch-Dest": destination}

    for answer in (
        browser.get("/agent/auth/login", {"accessToken": secret}, headers=headers),
        browser.post("/admin/auth/login", {"accessToken": secret}, headers=headers),
        browser.post("/agent/auth/open", {"code": code}, headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not-a-page")
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies
    assert not Session.objects.exists()
    assert LoginCode.objects.count() == 1
    for page in ({"Sec-Fetch-Dest": "document"}, {}):
        assert log_in(Client(), secret, **page).status_code == 303


@pytest.mark.parametrize("around", ["{}\n", "\r\n{}\r\n", "  {} ", "\t{}"], ids=ascii)
def test_blanks_and_line_ends_around_a_token_mean_nothing(around, carol, issue):
    token, secret = issue(carol)
    copied = around.format(secret)
    encoded = quote(copied)

    for client, answer in (
        (None, Client().get(f"/agent/auth/login?accessToken={encoded}")),
        (None, Client().post("/agent/auth/login", {"accessToken": copied})),
    ):
        assert answer.status_code == 303, (client, answer.content)
    bearer = {"Authorization": f"Bearer {copied}"}
    assert Client().get("/api/user/profile", headers=bearer).status_code == 200
    # Browsers ask over plain http, where a script finds out about the frame.
    landed = Client().get(f"/agent/auth/login?accessToken={encoded}", headers=FRAME)
    code = landed.context["code"]
    assert landed.status_code == 200
    opened = Client().post(f"/f/{token.handle}/agent/auth/open", {"code": around.format(code)})
    assert opened.status_code == 303
    for text in (
        copied,
        f"Bearer {copied}",
        f"http://testserver/agent/auth/login?accessToken={encoded}",
    ):
        assert pasted.read(text).secret == secret, text


def test_a_blank_inside_a_token_means_something(browser, carol, issue):
    _, secret = issue(carol)
    bent = f"{secret[:50]} {secret[50:]}"

    assert log_in(browser, bent).status_code == 401
    assert pasted.read(bent).secret == bent
    header = {"Authorization": f"Bearer {bent}"}
    assert browser.get("/api/user/profile", headers=header).status_code == 401


def test_a_login_that_others_overtake_is_good_all_the_same(dora, issue, monkeypatch):
    token, secret = issue(dora)
    enter, overtaken = views.enter, []

    def slow(request, entry):
        """Let so many others in, before the answer, that this session is the oldest."""
        response = enter(request, entry)
        if not overtaken:
            overtaken.append(request.session.session_key)
            for _ in range(MOST_SESSIONS_OF_A_TOKEN):
                log_in(Client(), secret)
        return response

    monkeypatch.setattr(views, "enter", slow)

    response = Client().get("/agent/auth/login", {"accessToken": secret})

    assert response.status_code == 303
    assert not token.sessions.filter(pk=row_key(overtaken[0])).exists()
    assert token.sessions.count() == MOST_SESSIONS_OF_A_TOKEN


def test_a_login_ends_others_before_itself(dora, issue):
    token, secret = issue(dora)
    for _ in range(MOST_SESSIONS_OF_A_TOKEN):
        log_in(Client(), secret)
    # A clock that was ahead made them.
    token.sessions.update(created_at=timezone.now() + timedelta(hours=1))

    late = Client()
    log_in(late, secret)

    assert late.get("/agent/").status_code == 200
    assert token.sessions.count() == MOST_SESSIONS_OF_A_TOKEN
