from __future__ import annotations

import pytest

from tests.browser.conftest import OTHER_SITE, SAME_SITE

pytestmark = [pytest.mark.server, pytest.mark.browser]


@pytest.mark.parametrize(
    ("scheme", "host", "cookies", "way"),
    [
        ("http", SAME_SITE, "allowed", "frame"),
        ("http", OTHER_SITE, "allowed", "storage"),
        ("http", OTHER_SITE, "blocked", "storage"),
        ("https", OTHER_SITE, "allowed", "partitioned"),
        ("https", OTHER_SITE, "blocked", "partitioned"),
        ("https", OTHER_SITE, "dropped", "dropped"),
    ],
)
def test_the_check_page_finds_the_way_of_a_frame(
    scheme, host, cookies, way, desk, desk_without_cookies, other_site, browse
):
    server = desk_without_cookies if cookies == "dropped" else desk
    address = f"{server.url(scheme)}/agent/auth/check"
    other_site.pages["/check"] = (
        f'<iframe name="f" width="500" height="900" src="{address}"></iframe>'
    )
    page = browse(third_party_cookies=cookies != "blocked").new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(other_site.url(scheme, host, "/check"))

    frame = page.frame("f")
    frame.wait_for_selector(f"[data-way={way}]:not([hidden])")
    assert frame.locator("[data-way]:not([hidden])").count() == 1
    assert frame.inner_text("[data-fact=framed]") == "yes"
    assert host in frame.inner_text(".check-facts")
    has_no_storage = frame.inner_text("[data-fact=storage]") == "no"
    in_history = frame.locator(f"[data-way={way}] [data-without-storage]")
    assert in_history.is_visible() is (way in ("storage", "dropped") and has_no_storage)
    assert complaints == []


def test_in_a_sandbox_it_says_what_is_missing(desk, other_site, browse):
    address = f"{desk.secure}/agent/auth/check"
    other_site.pages["/sandbox"] = f'<iframe name="f" sandbox="allow-scripts" src="{address}">'
    page = browse().new_page()

    page.goto(other_site.url("https", OTHER_SITE, "/sandbox"))

    page.frame("f").wait_for_selector("[data-way=nothing]:not([hidden])")


def test_in_a_tab_it_says_so(desk, browse):
    page = browse().new_page()

    page.goto(f"{desk.plain}/agent/auth/check")

    page.wait_for_selector("[data-way=tab]:not([hidden])")
