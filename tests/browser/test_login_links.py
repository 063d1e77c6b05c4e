"""A login link in the place of a token: the ways in stay as they are, and it opens once."""

from __future__ import annotations

import pytest
import requests

from tests import people
from tests.browser.conftest import OTHER_SITE, SAME_SITE
from tests.browser.test_ways_in import assert_inside, door, framed, link, page_with

pytestmark = [pytest.mark.server, pytest.mark.browser]


@pytest.fixture(scope="session")
def strong(desk) -> str:
    """A token of the administrator that may let others in, too."""
    scopes = ["login:agent", "login:admin", "tokens:write", "tickets:write", "messages:write"]
    return desk.weiyu.issue(people.ADMINISTRATOR, scope=scopes)


def code_for(desk, token: str, room: str, **wanted) -> str:
    answer = requests.post(
        f"{desk.weiyu.url}/api/login-links",
        json={"target": room, **wanted},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    url, _, code = answer.json()["url"].partition("?accessToken=")
    assert url.endswith(f"/{room}/auth/login")
    return code


def new_tab(desk, scheme, room, secret) -> str:
    return link(desk, scheme, room, secret).replace("<a ", '<a target="_blank" ')


def opened_by_script(desk, scheme, room, secret) -> str:
    script = f'go.onclick = () => window.open("{door(desk, scheme, room, secret)}", "_blank")'
    return f'<button id="go">Go</button><script>{script}</script>'


def form(desk, scheme, room, secret) -> str:
    return (
        f'<form action="{desk.url(scheme)}/{room}/auth/login" method="GET">'
        f'<input type="hidden" name="accessToken" value="{secret}">'
        '<button id="go">Go</button></form>'
    )


def posted_form(desk, scheme, room, secret) -> str:
    return form(desk, scheme, room, secret).replace("GET", "POST")


# Both rooms take every way: test_matrix.py shows it with tokens.
@pytest.mark.parametrize(
    ("way", "room"),
    [
        (link, "agent"),
        (new_tab, "admin"),
        (opened_by_script, "agent"),
        (form, "admin"),
        (posted_form, "agent"),
    ],
)
def test_a_login_link_comes_in_by_every_way_and_once(desk, other_site, browse, strong, way, room):
    code = code_for(desk, strong, room)
    path = page_with(other_site, way(desk, "http", room, code))
    browser = browse()
    page = browser.new_page()
    page.goto(other_site.url("http", OTHER_SITE, path))

    if way in (new_tab, opened_by_script):
        with browser.expect_page() as opened:
            page.click("#go")
        page = opened.value
    else:
        page.click("#go")

    assert_inside(page, room, code)
    page.reload()
    assert_inside(page, room, code)
    stranger = requests.get(
        f"{desk.weiyu.url}/{room}/auth/login", params={"accessToken": code}, timeout=10
    )
    assert "This link is used up" in stranger.text


@pytest.mark.parametrize(
    ("scheme", "host", "cookies"),
    [
        ("http", SAME_SITE, "allowed"),
        ("https", OTHER_SITE, "blocked"),
        ("https", OTHER_SITE, "dropped"),
        ("http", OTHER_SITE, "allowed"),
    ],
)
def test_a_login_link_opens_a_frame(
    desk, desk_without_cookies, other_site, browse, strong, scheme, host, cookies
):
    code = code_for(desk, strong, "agent")
    server = desk_without_cookies if cookies == "dropped" else desk

    page = framed(server, other_site, browse, code, "agent", scheme, host, cookies != "blocked")

    frame = page.frames[1]
    frame.wait_for_selector("[data-workstation]", state="attached")
    assert code not in frame.url
    assert people.ADMINISTRATOR in frame.content()


def test_two_links_of_one_token_in_two_frames_stay_two_people(desk, other_site, browse, strong):
    names = (people.ADMINISTRATOR, people.AGENT)
    doors = [
        door(desk, "https", "agent", code_for(desk, strong, "agent", user=name)) for name in names
    ]
    path = page_with(other_site, "".join(f'<iframe src="{url}"></iframe>' for url in doors))
    page = browse().new_page()

    page.goto(other_site.url("https", OTHER_SITE, path))

    for frame, name in zip(page.frames[1:], names, strict=True):
        frame.wait_for_selector("[data-workstation]", state="attached")
        assert name in frame.content()
