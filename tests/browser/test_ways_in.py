"""What holds once a link, a form or a frame has signed somebody in (test_matrix.py: all ways)."""

from __future__ import annotations

import html

import pytest

from tests import people
from tests.browser.conftest import OTHER_SITE, OURS, SAME_SITE

pytestmark = [pytest.mark.server, pytest.mark.browser]

ROOMS = {"agent": "/agent/", "admin": "/admin/"}


@pytest.fixture(scope="session")
def secret(desk) -> str:
    return desk.weiyu.issue(people.ADMINISTRATOR)


def door(desk, scheme: str, room: str, secret: str) -> str:
    return f"{desk.url(scheme)}/{room}/auth/login?accessToken={secret}"


def page_with(other_site, body: str) -> str:
    path = f"/page-{len(other_site.pages)}"
    other_site.pages[path] = f"<!doctype html><title>CRM</title>{body}"
    return path


def link(desk, scheme, room, secret) -> str:
    return f'<a id="go" href="{html.escape(door(desk, scheme, room, secret))}">Open</a>'


def assert_inside(page, room: str, secret: str) -> None:
    page.wait_for_url(f"**{ROOMS[room]}**")
    assert secret not in page.url
    assert people.ADMINISTRATOR in page.content() or "Sign" not in page.title()
    assert page.locator("#user-tools, [data-workstation]").count() >= 1


@pytest.mark.parametrize("room", ROOMS)
def test_a_tab_stays_signed_in(desk, other_site, browse, secret, room):
    path = page_with(other_site, link(desk, "http", room, secret))
    page = browse().new_page()
    page.goto(other_site.url("http", OTHER_SITE, path))

    page.click("#go")

    assert_inside(page, room, secret)
    page.reload()
    assert_inside(page, room, secret)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(("scheme", "host"), [("http", SAME_SITE), ("https", OTHER_SITE)])
def test_an_iframe_stays_signed_in(desk, other_site, browse, secret, room, scheme, host):
    page = framed(desk, other_site, browse, secret, room, scheme, host, False)

    frame = page.frame(url=lambda url: ROOMS[room] in url and "accessToken" not in url)
    assert frame is not None, [frame.url for frame in page.frames]
    frame.wait_for_selector("#user-tools, [data-workstation]", state="attached")
    frame.goto(frame.url)
    frame.wait_for_selector("#user-tools, [data-workstation]", state="attached")


def framed(desk, other_site, browse, secret, room, scheme, host, third_party_cookies=True):
    url = html.escape(door(desk, scheme, room, secret))
    path = page_with(
        other_site, f'<iframe src="{url}" width="100%" height="600" frameborder="0"></iframe>'
    )
    page = browse(third_party_cookies=third_party_cookies).new_page()
    page.goto(other_site.url(scheme, host, path), wait_until="networkidle")
    return page


@pytest.fixture
def no_cookies(request, desk, desk_without_cookies):
    """Our server by a scheme over which a frame of another site has no cookies."""
    return desk_without_cookies if request.param == "https" else desk


# Chromium closes the storage of such a frame, too, where third-party cookies are blocked.
@pytest.mark.parametrize(
    ("no_cookies", "scheme", "storage"),
    [("http", "http", True), ("http", "http", False), ("https", "https", True)],
    indirect=["no_cookies"],
)
def test_a_frame_of_another_site_works_without_cookies(
    no_cookies, other_site, browse, secret, scheme, storage
):
    page = framed(no_cookies, other_site, browse, secret, "agent", scheme, OTHER_SITE, storage)
    frame = page.frames[1]
    frame.wait_for_selector("[data-workstation]", state="attached")
    assert page.context.cookies() == []

    # A click, a reload, the way back, a form that answers with a redirect, a whole new page.
    frame.click("a[href*='tab=all']")
    frame.wait_for_url("**tab=all**")
    reload(frame)
    frame.wait_for_selector("a[aria-current][href*='tab=all']")
    frame.click("a[href*='tickets/new']")
    frame.wait_for_url("**/tickets/new**")
    frame.evaluate("history.back()")
    # The page of a new ticket shows the same list: only its form tells the two apart.
    frame.wait_for_selector("form[data-new]", state="detached")
    frame.wait_for_selector("a[aria-current][href*='tab=all']")
    frame.click("a[href*='tickets/new']")
    frame.fill("[name=customer]", people.CUSTOMER)
    frame.click(f"#customers >> text={people.CUSTOMER}")
    frame.fill("[name=title]", "Made in a frame")
    frame.fill("[name=content]", "Without cookies.")
    frame.click("form[data-new] button[type=submit]")
    frame.wait_for_selector("#ticket-title")
    assert frame.inner_text("#ticket-title") == "Made in a frame"
    reload(frame)
    frame.wait_for_selector("#ticket-title")
    frame.click("a.brand")
    frame.wait_for_selector("#ticket-title", state="detached")
    frame.wait_for_selector("[data-workstation]", state="attached")
    # A form that htmx does not send.
    frame.click("details.me summary")
    frame.click("details.me form button")
    frame.wait_for_selector("text=You are signed out")
    assert page.context.cookies() == []


def reload(frame) -> None:
    with frame.expect_navigation():
        frame.evaluate("location.reload()")


@pytest.mark.parametrize(
    ("no_cookies", "scheme"), [("http", "http"), ("https", "https")], indirect=["no_cookies"]
)
def test_the_admin_in_a_frame_without_cookies_says_why_and_opens_a_tab(
    no_cookies, other_site, browse, secret, scheme
):
    page = framed(no_cookies, other_site, browse, secret, "admin", scheme, OTHER_SITE)
    frame = page.frames[1]
    frame.wait_for_selector("a.notice-button")
    assert "accessToken" not in frame.url

    # The second time as well: a code opens once, so the page has taken another one meanwhile.
    for _ in range(2):
        used = frame.get_attribute("a.notice-button", "href")
        with page.context.expect_page() as opened:
            frame.click("a.notice-button")
        assert_inside(opened.value, "admin", secret)
        frame.wait_for_selector(f"a.notice-button:not([href='{used}'])")
        opened.value.close()
        page.context.clear_cookies()


def test_the_button_of_the_tab_is_good_however_long_it_has_been_there(
    desk_without_cookies, other_site, browse, secret
):
    # Where its scripts cannot begin, the workstation offers a tab as the admin does.
    context = browse()
    context.route("**/agent/auth/keep", lambda route: route.abort())
    page = context.new_page()
    page.clock.install()
    url = html.escape(door(desk_without_cookies, "https", "agent", secret))
    path = page_with(other_site, f'<iframe src="{url}"></iframe>')
    page.goto(other_site.url("https", OTHER_SITE, path))
    frame = page.frames[1]
    frame.wait_for_selector("a.notice-button")

    shown = [frame.get_attribute("a.notice-button", "href")]
    for _ in range(3):
        page.clock.fast_forward("00:50")
        frame.wait_for_selector(f"a.notice-button:not([href='{shown[-1]}'])")
        shown.append(frame.get_attribute("a.notice-button", "href"))

    assert len(set(shown)) == 4
    with context.expect_page() as opened:
        frame.click("a.notice-button")
    assert_inside(opened.value, "agent", secret)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_two_people_in_two_frames_of_one_page_stay_two_people(
    desk, other_site, browse, secret, scheme
):
    doors = [
        door(desk, scheme, "agent", token) for token in (secret, desk.weiyu.issue(people.AGENT))
    ]
    path = page_with(other_site, "".join(f'<iframe src="{url}"></iframe>' for url in doors))
    page = browse().new_page()
    page.goto(other_site.url(scheme, OTHER_SITE, path))

    for _ in range(2):
        for frame, username in zip(
            page.frames[1:], (people.ADMINISTRATOR, people.AGENT), strict=True
        ):
            frame.wait_for_selector("[data-workstation]", state="attached")
            assert username in frame.content()
            frame.evaluate("location.reload()")


def test_a_page_of_a_domain_that_is_not_listed_cannot_frame(desk, other_site, browse):
    token = desk.weiyu.issue(people.ADMINISTRATOR, domain=[f"{SAME_SITE}:*"])

    page = framed(desk, other_site, browse, token, "agent", "https", OTHER_SITE)

    frame = page.frames[1]
    assert frame.locator("text=domain-not-allowed").count() == 1
    assert f"https://{OTHER_SITE}" in frame.content()


def test_a_listed_pages_session_cannot_be_framed_by_another(desk, other_site, browse):
    token = desk.weiyu.issue(people.ADMINISTRATOR, domain=[f"{SAME_SITE}:*"])
    inside = framed(desk, other_site, browse, token, "agent", "https", SAME_SITE)
    inside.frames[1].wait_for_selector("[data-workstation]", state="attached")
    path = page_with(other_site, f'<iframe src="{desk.secure}/agent/"></iframe>')

    elsewhere = inside.context.new_page()
    elsewhere.goto(other_site.url("https", f"evil.{OURS}", path), wait_until="networkidle")

    assert elsewhere.frames[1].locator("[data-workstation]").count() == 0


def test_the_address_bar_and_the_way_back_hold_no_token(desk, other_site, browse, secret):
    path = page_with(other_site, link(desk, "http", "agent", secret))
    page = browse().new_page()
    page.goto(other_site.url("http", SAME_SITE, path))
    page.click("#go")
    assert_inside(page, "agent", secret)

    history = page.context.new_cdp_session(page).send("Page.getNavigationHistory")

    # What people see and can go back to; Chromium also notes what a redirect began with.
    shown = [(entry["url"], entry["title"]) for entry in history["entries"]]
    assert "accessToken" not in str(shown)
    page.go_back()
    assert page.title() == "CRM"
    assert "accessToken" not in page.url


def test_a_failed_login_leaves_no_token_in_the_address_bar(desk, browse):
    page = browse().new_page()
    page.goto(f"{desk.plain}/agent/auth/login?accessToken=eyJh.eyJz.notgood")

    page.wait_for_function("!location.search")

    assert page.locator("text=token-invalid").count() == 1
    assert "eyJh" not in page.content()


def test_a_disabled_tokens_next_click_ends_the_session_and_says_why(desk, browse):
    token = desk.weiyu.issue(people.ADMINISTRATOR)
    page = browse().new_page()
    page.goto(door(desk, "http", "admin", token))
    assert_inside(page, "admin", token)

    desk.weiyu.manage("disable_access_token", "--hint", token[-6:])
    page.reload()

    assert page.locator("text=token-disabled").count() == 1


def test_a_page_of_another_site_reads_answers_and_statuses_of_the_api(
    desk, other_site, browse, secret
):
    path = page_with(other_site, "")
    other_site.pages[path] = "<!doctype html><title>shop</title>"
    page = browse().new_page()
    page.goto(other_site.url("https", OTHER_SITE, path))

    call = """async ([url, token]) => {
        const response = await fetch(url, {headers: {Authorization: `Bearer ${token}`}});
        return [response.status, await response.json()];
    }"""
    good = page.evaluate(call, [f"{desk.secure}/api/tickets/list", secret])
    bad = page.evaluate(call, [f"{desk.secure}/api/tickets/list", "wrong"])
    weak = desk.weiyu.issue(people.ADMINISTRATOR, scope=["users:read"])
    denied = page.evaluate(call, [f"{desk.secure}/api/tickets/list", weak])

    assert good[0] == 200
    assert isinstance(good[1], list)
    assert (bad[0], bad[1]["code"]) == (401, "token-invalid")
    assert (denied[0], denied[1]["code"]) == (403, "insufficient-scope")


def test_a_link_for_another_person_asks_first(desk, browse, secret):
    agents = desk.weiyu.issue(people.AGENT)
    page = browse().new_page()
    page.goto(door(desk, "https", "agent", secret))
    assert_inside(page, "agent", secret)

    page.goto(door(desk, "https", "agent", agents))
    page.wait_for_url("**/agent/auth/switch")
    page.click("button.notice-button")

    page.wait_for_url("**/agent/")
    assert people.AGENT in page.content()
