"""Frames: the landing page, the cookie of each frame, and the way without cookies."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User
from tokens.embedding.frames import Frame
from tokens.models import AccessToken, LoginCode, Session, TokenEvent

FRAME = {"Sec-Fetch-Dest": "iframe"}
# What a browser sends over plain http: it does not say where it shows the page.
PLAIN = {"Upgrade-Insecure-Requests": "1"}
CRM = "https://crm.example.com"


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def land(browser: Client, secret: str, room: str = "agent", *, secure=True, **headers):
    """Open a login address inside a frame and return the page that the browser gets."""
    said = FRAME if secure else PLAIN
    return browser.get(
        f"/{room}/auth/login", {"accessToken": secret}, secure=secure, headers={**said, **headers}
    )


def code_of(page) -> str:
    return re.search(r"wlc_[\w-]+", page.content.decode())[0]


def prefix_of(page) -> str:
    return re.search(r'data-framed="(/f/[^/]+)/', page.content.decode())[1]


def send_on(browser: Client, landed, *, secure=True, **fields):
    """Do what the script of the landing page does in a frame."""
    path = f"{prefix_of(landed)}/agent/auth/open"
    return browser.post(path, {"code": code_of(landed), **fields}, secure=secure)


def sign_in(browser: Client, secret: str, room: str = "agent", *, secure=True, **headers) -> str:
    """Go the whole way in with cookies, and return the address of the frame."""
    page = land(browser, secret, room, secure=secure, **headers)
    sent = send_on(browser, page, secure=secure)
    there = browser.get(sent["Location"], secure=secure)
    assert there.status_code == 303
    return there["Location"]


def carry(browser: Client, secret: str, **headers) -> dict[str, str]:
    """Go the way in without cookies, and return what the frame's scripts keep."""
    page = land(browser, secret, secure=False, **headers)
    sent = send_on(browser, page, secure=False)
    browser.cookies.clear()
    told = browser.get(sent["Location"])
    kept = browser.post(f"{prefix_of(page)}/agent/auth/keep", {"code": code_of(told)})
    assert kept.status_code == 200, kept.content
    assert not browser.cookies
    return kept.json()


def with_session(browser: Client, kept, path: str | None = None, **headers):
    return browser.get(
        path or kept["next"], headers={"X-Weiyu-Session": kept["session"], **headers}
    )


def test_looking_at_the_landing_page_signs_nobody_in(browser, dora, issue):
    _, secret = issue(dora, domains=["crm.example.com"])

    page = land(browser, secret, Referer=f"{CRM}/")

    assert page.status_code == 200
    assert not page.cookies
    assert not Session.objects.exists()
    assert secret not in page.content.decode()
    policy = page["Content-Security-Policy"]
    assert "frame-ancestors http://crm.example.com https://crm.example.com" in policy
    # It holds a one-time code, so nobody may compress it either.
    assert page["Cache-Control"] == "no-store, no-transform"


@pytest.mark.parametrize("room", ["agent", "admin"])
def test_a_frame_over_https_gets_a_partitioned_cookie_of_its_own(browser, dora, issue, room):
    token, secret = issue(dora)
    page = land(browser, secret, room)

    sent = send_on(browser, page)

    cookie = sent.cookies[f"__Host-weiyu-frame-{token.handle}"]
    assert (cookie["samesite"], cookie["secure"], cookie["partitioned"]) == ("None", True, True)
    assert (cookie["httponly"], cookie["path"]) == (True, "/")
    there = browser.get(sent["Location"], secure=True)
    assert there["Location"] == f"/f/{token.handle}/{room}/"
    inside = browser.get(there["Location"], secure=True)
    assert inside.status_code == 200
    assert f'"/f/{token.handle}/{room}/' in inside.content.decode()
    # The code that stood in an address is used up.
    assert not LoginCode.objects.exists()


def test_a_frame_over_http_gets_a_lax_cookie(browser, dora, issue):
    token, secret = issue(dora)

    sent = send_on(browser, land(browser, secret, secure=False), secure=False)

    cookie = sent.cookies[f"weiyu-frame-{token.handle}"]
    assert (cookie["samesite"], cookie["secure"], cookie["partitioned"]) == ("Lax", False, "")


def test_over_http_a_tab_uses_the_same_page_and_gets_its_own_cookie(browser, dora, issue):
    _, secret = issue(dora)
    page = land(browser, secret, secure=False)

    sent = browser.post("/agent/auth/open", {"code": code_of(page)})

    assert (sent.status_code, sent["Location"]) == (303, "/agent/")
    assert [*sent.cookies] == ["weiyu"]


def test_two_people_in_two_frames_of_one_page_stay_two_people(browser, dora, carol, issue):
    _, doras = issue(dora)
    _, carols = issue(carol)
    first, second = sign_in(browser, doras), sign_in(browser, carols)

    pages = [browser.get(address, secure=True).content.decode() for address in (first, second)]

    assert [dora.username in page for page in pages] == [True, False]
    assert [carol.username in page for page in pages] == [False, True]


def test_a_frame_never_touches_the_session_of_the_tab(browser, dora, carol, issue):
    _, secret = issue(carol)
    browser.force_login(dora)

    sign_in(browser, secret, secure=False)

    assert browser.session["_auth_user_id"] == str(dora.pk)
    assert browser.get("/admin/").status_code == 200


def test_a_second_login_of_the_same_frame_keeps_its_session(browser, dora, issue):
    token, secret = issue(dora)
    sign_in(browser, secret)
    before = browser.cookies[f"__Host-weiyu-frame-{token.handle}"].value

    again = send_on(browser, land(browser, secret))

    assert again["Location"] == f"/f/{token.handle}/agent/"
    assert browser.cookies[f"__Host-weiyu-frame-{token.handle}"].value == before
    assert Session.objects.count() == 1


def test_a_session_counts_in_its_own_frame_only(browser, dora, carol, issue):
    _, doras = issue(dora)
    carols_token, _ = issue(carol)
    kept = carry(browser, doras)

    elsewhere = with_session(browser, kept, f"/f/{carols_token.handle}/agent/")
    outside = with_session(browser, kept, "/agent/")
    browser.cookies["weiyu"] = kept["session"]
    as_a_tab = browser.get("/agent/")

    assert elsewhere.status_code == 401
    assert "signed-out" in elsewhere.content.decode()
    assert outside["Location"].startswith("/agent/login")
    assert as_a_tab["Location"].startswith("/agent/login")


def test_the_address_of_a_frame_makes_none(browser, dora, issue):
    token, secret = issue(dora, domains=["crm.example.com"])
    top = {"Sec-Fetch-Dest": "document"}

    for handle in (token.handle, "abcdefghijklmnop"):
        address = f"/f/{handle}/agent/auth/login"
        page = browser.get(address, {"accessToken": secret}, headers=top, secure=True)
        assert (page.status_code, b"domain-not-allowed" in page.content) == (403, True)


def test_a_frame_without_referer_lands_where_only_listed_pages_frame_it(browser, dora, issue):
    _, secret = issue(dora, domains=["crm.example.com"])

    page = land(browser, secret)
    tab = browser.get(
        "/agent/auth/login", {"accessToken": secret}, headers={"Sec-Fetch-Dest": "document"}
    )

    assert "frame-ancestors http://crm.example.com" in page["Content-Security-Policy"]
    assert send_on(browser, page)["Location"].startswith("/f/")
    assert tab.status_code == 403


def test_a_program_is_answered_straight(dora, issue):
    _, secret = issue(dora)

    response = Client().get("/agent/auth/login", {"accessToken": secret})

    assert (response.status_code, response["Location"]) == (303, "/agent/")


def test_where_no_cookie_comes_back_the_scripts_carry_the_session(browser, dora, issue):
    token, secret = issue(dora)

    kept = carry(browser, secret)

    assert kept["next"] == f"/f/{token.handle}/agent/"
    # The session of the cookie that was dropped is gone.
    assert Session.objects.count() == 1
    page = with_session(browser, kept)
    assert page.status_code == 200
    assert f'data-alive="/f/{token.handle}/agent/auth/alive"' in page.content.decode()
    assert not page.cookies
    assert TokenEvent.objects.latest("id").details == {"target": "agent", "way": "storage"}


def test_without_its_session_the_frame_is_an_empty_shell(browser, dora, issue):
    _, secret = issue(dora, domains=["crm.example.com"])
    kept = carry(browser, secret, Referer=f"{CRM}/")

    shell = browser.get(kept["next"])

    assert shell.status_code == 200
    assert dora.username not in shell.content.decode()
    assert "tokens/shell.js" in shell.content.decode()
    assert "frame-ancestors http://crm.example.com" in shell["Content-Security-Policy"]
    unknown = browser.get("/f/0123456789abcdef/agent/")
    assert (unknown.status_code, "token-deleted" in unknown.content.decode()) == (401, True)


def test_the_admin_offers_a_tab_where_no_cookie_comes_back(browser, dora, issue):
    _, secret = issue(dora)
    sent = send_on(browser, land(browser, secret, "admin", secure=False), secure=False)
    browser.cookies.clear()

    told = browser.get(sent["Location"])

    assert 'href="/agent/auth/open"' in told.content.decode()
    assert "data-keep" not in told.content.decode()
    refused = browser.post(
        sent["Location"].partition("/agent/")[0] + "/agent/auth/keep", {"code": code_of(told)}
    )
    assert (refused.status_code, Session.objects.count()) == (403, 0)


def offered_tab(browser: Client, secret: str) -> tuple[str, str]:
    """Go in without cookies as far as the page that offers a tab: its frame and its code."""
    sent = send_on(browser, land(browser, secret, "admin"))
    browser.cookies.clear()
    told = browser.get(sent["Location"], secure=True)
    return sent["Location"].partition("/agent/")[0], code_of(told)


def test_the_button_of_the_tab_stays_good_while_its_page_is_open(browser, dora, issue):
    _, secret = issue(dora)
    frame, code = offered_tab(browser, secret)

    for _ in range(3):
        renewed = browser.post(f"{frame}/agent/auth/renew", {"code": code}, secure=True)
        used = browser.post(f"{frame}/agent/auth/renew", {"code": code}, secure=True)
        code = renewed.json()["spare"]

        assert (used.status_code, b"code-used" in used.content) == (401, True)
        lives = [it.expires_at - timezone.now() for it in LoginCode.objects.order_by("expires_at")]
        # That of each button is over within its minute, that of the page while it is open.
        assert all(life < timedelta(minutes=1) for life in lives[:-1])
        assert timedelta(minutes=29) < lives[-1] < timedelta(minutes=30)
    tab = Client().post("/agent/auth/open", {"code": renewed.json()["code"]}, secure=True)
    assert (tab.status_code, tab["Location"]) == (303, "/admin/")
    assert not browser.cookies


def test_the_offer_of_a_tab_ends_with_its_token_and_holds_in_its_frame_only(
    browser, dora, carol, issue
):
    token, secret = issue(dora)
    frame, code = offered_tab(browser, secret)
    elsewhere = f"/f/{issue(carol)[0].handle}"

    outside = [
        browser.post(f"{place}/agent/auth/renew", {"code": code}, secure=True)
        for place in ("", elsewhere)
    ]
    frame, code = offered_tab(browser, secret)
    foreign = browser.post(
        f"{frame}/agent/auth/renew", {"code": code}, secure=True, headers={"Origin": CRM}
    )
    token.disable(by=Actor.system())
    ended = browser.post(f"{frame}/agent/auth/renew", {"code": code}, secure=True)

    assert [it.status_code for it in outside] == [401, 401]
    assert foreign.status_code == 403
    assert (ended.status_code, b"token-disabled" in ended.content) == (401, True)
    assert not LoginCode.objects.exists()


def test_a_carried_session_calls_the_api_like_any_other(browser, dora, issue):
    token, secret = issue(dora, scopes=["login:agent", "tickets:read"])
    kept = carry(browser, secret)

    good = with_session(browser, kept, f"/f/{token.handle}/api/tickets/list", Origin=CRM)
    beyond = with_session(browser, kept, f"/f/{token.handle}/api/users/list")
    outside = with_session(browser, kept, "/api/tickets/list")

    assert (good.status_code, good.json()) == (200, [])
    assert (beyond.status_code, beyond.json()["code"]) == (403, "insufficient-scope")
    assert outside.status_code == 401
    # Other sites cannot read it, whatever they send.
    assert "Access-Control-Allow-Origin" not in good


def test_finding_out_about_cookies_prolongs_no_code(browser, dora, issue):
    token, secret = issue(dora)
    code = LoginCode.make(token, target="agent")

    for place in ("", f"/f/{token.handle}"):
        assert browser.get(f"{place}/agent/auth/arrived", {"code": code}).status_code == 401
    sent = send_on(browser, land(browser, secret, secure=False), secure=False)
    soon = timezone.now() + timedelta(seconds=20)
    LoginCode.objects.update(expires_at=soon)
    browser.cookies.clear()
    browser.get(sent["Location"])
    assert LoginCode.objects.get().expires_at == soon


def test_without_cookies_nobody_comes_in_whose_token_has_ended(browser, dora, issue):
    token, secret = issue(dora)
    sent = send_on(browser, land(browser, secret, secure=False), secure=False)
    browser.cookies.clear()
    token.disable(by=Actor.system())

    told = browser.get(sent["Location"])

    assert (told.status_code, b"token-disabled" in told.content) == (401, True)
    assert not LoginCode.objects.exists()


def test_a_carried_session_in_use_is_prolonged_and_an_idle_one_ends(browser, dora, issue):
    token, secret = issue(dora)
    kept = carry(browser, secret)
    alive = f"/f/{token.handle}/agent/auth/alive"
    soon = timezone.now() + timedelta(minutes=2)
    Session.objects.update(expire_date=soon)

    assert with_session(browser, kept, alive).status_code == 204
    assert Session.objects.get().expire_date > soon + timedelta(minutes=25)
    Session.objects.update(expire_date=timezone.now())
    assert with_session(browser, kept, alive).status_code == 401


@pytest.mark.parametrize(
    ("ending", "cause"),
    [
        (lambda token: token.disable(by=Actor.system()), "token-disabled"),
        (lambda token: token.remove(by=Actor.system()), "token-deleted"),
        (lambda token: token.edit(by=Actor.system(), scopes=["tickets:read"]), "login:agent"),
        (lambda token: token.edit(by=Actor.system(), domains=["b.example"]), "domain-not-allowed"),
        (lambda token: token.user.deactivate(by=Actor.system()), "user-inactive"),
        (
            lambda token: AccessToken.objects.filter(pk=token.pk).update(
                expires_at=timezone.now() - timedelta(minutes=1)
            ),
            "token-expired",
        ),
    ],
)
@pytest.mark.parametrize("way", ["cookie", "carried"])
def test_what_a_token_bore_ends_with_the_next_click_and_says_why(
    browser, carol, issue, ending, cause, way
):
    token, secret = issue(carol, domains=["crm.example.com", "b.example"])
    page = {"Referer": f"{CRM}/"}
    if way == "cookie":
        address = sign_in(browser, secret, **page)
        look = lambda: browser.get(address, secure=True, headers=FRAME)  # noqa: E731
    else:
        kept = carry(browser, secret, **page)
        look = lambda: with_session(browser, kept)  # noqa: E731
    assert look().status_code == 200

    ending(token)

    ended = look()
    assert ended.status_code in {401, 403}
    assert cause in ended.content.decode()
    assert ended.status_code == look().status_code


def test_a_frame_that_showed_no_page_ends_when_a_domain_is_taken_away(browser, carol, issue):
    token, secret = issue(carol, domains=["crm.example.com", "b.example"])
    address = sign_in(browser, secret)

    token.edit(by=Actor.system(), domains=["crm.example.com", "b.example", "c.example"])
    widened = browser.get(address, secure=True, headers=FRAME)
    token.edit(by=Actor.system(), domains=["crm.example.com"])
    narrowed = browser.get(address, secure=True, headers=FRAME)

    assert (widened.status_code, narrowed.status_code) == (200, 403)


def test_the_page_that_our_script_saw_is_remembered(browser, carol, issue):
    token, secret = issue(carol, domains=["crm.example.com", "b.example"])
    sent = send_on(browser, land(browser, secret), page=f"{CRM}/desk?customer=7")
    address = browser.get(sent["Location"], secure=True)["Location"]

    token.edit(by=Actor.system(), domains=["crm.example.com"])
    kept = browser.get(address, secure=True, headers=FRAME)
    token.edit(by=Actor.system(), domains=["b.example"])
    ended = browser.get(address, secure=True, headers=FRAME)

    assert (kept.status_code, ended.status_code) == (200, 403)
    assert CRM in ended.content.decode()
    assert TokenEvent.objects.filter(verb="login").latest("id").origin == CRM


def test_a_login_link_opens_over_the_same_address_and_looking_does_not_use_it_up(
    browser, carol, issue
):
    token, _ = issue(carol)
    code = LoginCode.make(token, target="agent", next_page="/agent/?tab=all")

    scanned = Client().get("/agent/auth/login", {"accessToken": code})
    page = browser.get(
        "/agent/auth/login", {"accessToken": code}, headers={"Sec-Fetch-Dest": "document"}
    )
    opened = browser.post("/agent/auth/open", {"code": code_of(page)})

    assert scanned.status_code == 200
    assert opened["Location"] == "/agent/?tab=all"
    again = browser.get("/agent/auth/login", {"accessToken": code})
    assert (again.status_code, "code-used" in again.content.decode()) == (401, True)


def test_a_login_link_is_held_to_the_tokens_domains(browser, carol, issue):
    token, _ = issue(carol, domains=["crm.example.com"])
    code = LoginCode.make(token, target="agent")
    top = {"Sec-Fetch-Dest": "document"}

    def follow(**headers):
        return browser.get("/agent/auth/login", {"accessToken": code}, headers={**top, **headers})

    assert follow().status_code == 403
    assert follow(Referer="https://evil.example/").status_code == 403
    assert follow(Referer=f"{CRM}/").status_code == 200
    assert LoginCode.objects.get().page == CRM


def test_a_link_for_another_person_opens_their_rights_narrowed_by_the_token(
    browser, dora, carol, issue
):
    scopes = ["login:agent", "tickets:read", "settings:read", "tokens:write"]
    token, _ = issue(dora, scopes=scopes)
    code = LoginCode.make(token, user=carol, target="agent")
    page = browser.get("/agent/auth/login", {"accessToken": code}, headers=FRAME, secure=True)
    address = browser.get(send_on(browser, page)["Location"], secure=True)["Location"]

    inside = browser.get(address, secure=True)
    settings = browser.get(
        address.replace("/agent/", "/api/settings/list"), secure=True, headers=FRAME
    )

    assert address == f"/f/{token.handle}.{carol.pk}/agent/"
    assert carol.username in inside.content.decode()
    assert settings.status_code == 403
    login = TokenEvent.objects.filter(verb="login").latest("id")
    assert (login.token_id, login.subject_id, login.details["person"]) == (
        token.pk, dora.pk, carol.pk,
    )  # fmt: skip
    carol.deactivate(by=Actor.system())
    assert "user-inactive" in browser.get(address, secure=True, headers=FRAME).content.decode()


@pytest.mark.parametrize(
    "ending",
    [
        lambda token, _: token.edit(by=Actor.system(), scopes=["login:agent", "tickets:read"]),
        lambda token, _: token.user.edit(by=Actor.system(), role=User.Role.AGENT),
        lambda _, person: person.edit(by=Actor.system(), role=User.Role.ADMINISTRATOR),
    ],
)
def test_a_session_for_another_person_ends_with_the_right_to_let_them_in(
    browser, dora, bob, carol, issue, ending
):
    # Somebody has to stay an administrator.
    bob.edit(by=Actor.system(), role=User.Role.ADMINISTRATOR)
    token, _ = issue(dora, scopes=["login:agent", "tickets:read", "tokens:write"])
    code = LoginCode.make(token, user=carol, target="agent")
    page = browser.get("/agent/auth/login", {"accessToken": code}, headers=FRAME, secure=True)
    address = browser.get(send_on(browser, page)["Location"], secure=True)["Location"]
    assert browser.get(address, secure=True).status_code == 200

    ending(token, carol)

    assert browser.get(address, secure=True).status_code == 403


def test_the_key_of_a_session_stands_in_no_row(browser, dora, issue):
    _, secret = issue(dora)
    kept = carry(browser, secret)
    sign_in(browser, secret)

    rows = str(list(Session.objects.values()))

    assert kept["session"] not in rows
    assert all(cookie.value not in rows for cookie in browser.cookies.values())


@pytest.mark.parametrize(
    "path",
    [
        "/f/short/agent/",
        "/f/0123456789abcdef/static/x.css",
        "/f/0123456789abcdef/f/0123456789abcdef/agent/",
        "/f/0123456789abcdef.x/agent/",
        "/f/0123456789abcdef.-1/agent/",
        "/f/0123456789abcdef.1234567890123456789/agent/",
        "/f/0123456789abcdef",
    ],
)
def test_other_addresses_are_no_frames(browser, db, path):
    assert Frame.parse(path) is None
    assert browser.get(path).status_code == 404
