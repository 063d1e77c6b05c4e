"""However somebody comes in, no request shows the token as the page that it comes from."""

from __future__ import annotations

import html

import pytest

from tests.browser.conftest import OTHER_SITE, OURS, SAME_SITE
from tests.browser.test_login_links import code_for
from tests.browser.test_ways_in import door, page_with, secret  # noqa: F401 - the fixture itself

pytestmark = [pytest.mark.server, pytest.mark.browser]

WAYS = {
    "link": '<a id="go" href="{url}">Open</a>',
    "form": '<form action="{door}"><input type="hidden" name="accessToken" value="{secret}">'
    '<button id="go">Open</button></form>',
    "posted form": '<form method="post" action="{door}"><input type="hidden" name="accessToken"'
    ' value="{secret}"><button id="go">Open</button></form>',
    "frame": '<iframe src="{url}" width="100%" height="600"></iframe>',
}


@pytest.mark.parametrize(
    ("way", "scheme", "host", "room"),
    [
        ("typed", "http", OURS, "admin"),
        ("link", "https", OTHER_SITE, "agent"),
        ("form", "http", OTHER_SITE, "agent"),
        ("posted form", "https", SAME_SITE, "admin"),
        ("frame", "https", OTHER_SITE, "admin"),
        ("frame", "http", SAME_SITE, "agent"),
        ("frame", "http", OTHER_SITE, "agent"),
        ("login link", "http", OURS, "agent"),
        ("refused", "http", OURS, "agent"),
        ("another page", "https", OURS, "agent"),
    ],
)
def test_no_request_shows_the_token_as_its_referrer(
    way,
    scheme,
    host,
    room,
    desk,
    other_site,
    browse,
    secret,  # noqa: F811
):
    shown: list[tuple[str, str]] = []
    page = browse().new_page()
    page.context.on(
        "request", lambda sent: shown.append((sent.url, sent.all_headers().get("referer", "")))
    )
    credential = secret
    if way == "login link":
        credential = code_for(desk, secret, room)
    elif way == "refused":
        credential = secret[:-4] + "AAAA"
    address = door(desk, scheme, room, credential)
    if way == "another page":
        address = f"{desk.url(scheme)}/agent/login?accessToken={credential}"

    if way in WAYS:
        plain = address.partition("?")[0]
        body = WAYS[way].format(url=html.escape(address), door=plain, secret=credential)
        page.goto(other_site.url(scheme, host, page_with(other_site, body)))
        if way != "frame":
            page.click("#go")
    else:
        page.goto(address)
    page.wait_for_load_state("networkidle")

    ours = [(url, referrer) for url, referrer in shown if OURS in url]
    assert any("/static/" in url for url, _ in ours), shown
    for url, referrer in shown:
        assert credential not in referrer, (url, referrer)
        assert "accessToken" not in referrer, (url, referrer)
