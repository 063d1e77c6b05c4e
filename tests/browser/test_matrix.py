"""Every way in, in Chromium and Firefox: each signs in, or shows the page that the guide tells of.

What was seen stands in docs/guide/browsers-measured.md, which must say the same.
`make browser-table` looks at all of it and writes it anew.
"""

from __future__ import annotations

import html
import itertools
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import people
from tests.browser import firefox
from tests.browser.conftest import OTHER_SITE, SAME_SITE, Desk
from tests.browser.tabs import Tab, chromium_tabs, firefox_tabs, running_firefox, wait_for

pytestmark = [pytest.mark.server, pytest.mark.browser, pytest.mark.once]

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "guide" / "browsers-measured.md"
WRITES_TABLE = os.environ.get("WEIYU_TEST_WRITE_BROWSER_TABLE") == "true"
BROWSERS = ("Chromium", "Firefox")
ROOMS = ("agent", "admin")
REFERRERS = ("default", "no-referrer")
LISTS = (False, True)
# What becomes of third-party cookies by the browser's setting. A browser that allows them drops all
# of them, even partitioned ones, where cookie_proxy.py stands before our server.
COOKIES = {True: ("allowed", "dropped"), False: ("blocked",)}
# How many of the 40 frames of each one run looks at.
IN_A_RUN = {"allowed": 20, "blocked": 20, "dropped": 8}
# (scheme of the page, its host, scheme of the frame)
PLACES = (
    ("http", SAME_SITE, "http"),
    ("https", SAME_SITE, "https"),
    ("http", OTHER_SITE, "http"),
    ("https", OTHER_SITE, "https"),
    ("https", OTHER_SITE, "http"),
)
SITES = {SAME_SITE: "same site", OTHER_SITE: "another site"}
# Each pair of two choices is there once.
TOP_LEVEL = (
    ("link", "http", SAME_SITE, "agent", "default", False),
    ("link", "https", OTHER_SITE, "admin", "no-referrer", True),
    ("link", "http", OTHER_SITE, "admin", "default", True),
    ("window.open", "https", SAME_SITE, "admin", "default", True),
    ("window.open", "http", OTHER_SITE, "agent", "no-referrer", False),
    ("window.open", "https", OTHER_SITE, "agent", "default", True),
    ("GET form", "http", SAME_SITE, "admin", "no-referrer", False),
    ("GET form", "https", OTHER_SITE, "agent", "default", True),
    ("GET form", "https", SAME_SITE, "agent", "no-referrer", True),
    ("POST form", "http", OTHER_SITE, "admin", "default", True),
    ("POST form", "https", SAME_SITE, "agent", "no-referrer", False),
    ("POST form", "https", OTHER_SITE, "admin", "default", False),
    ("redirect", "https", OTHER_SITE, "admin", "default", False),
    ("redirect", "http", OTHER_SITE, "agent", "no-referrer", True),
    ("redirect", "http", SAME_SITE, "admin", "default", True),
)
# What a page of ours shows, null while it is on its way.
OUTCOME = """(() => {
  if (document.querySelector("[data-workstation], #user-tools")) {
    if (!document.body.dataset.alive) return "cookie";
    try { return sessionStorage.length ? "storage" : "history"; } catch { return "history"; }
  }
  if (document.querySelector("[data-tab]:not([hidden])")) return "tab";
  return document.querySelector(".notice-fine code")?.textContent ?? null;
})()"""
WORDS = {
    "cookie": "signed in",
    "storage": "signed in, without cookies",
    "history": "signed in, without cookies and storage",
    "tab": "offers a tab",
    "blocked": "blocked by the browser",
    "domain-not-allowed": "refused: domain-not-allowed",
}
OF_COOKIES = {
    "allowed": "allowed",
    "blocked": "blocked",
    "dropped": "dropped, even partitioned ones",
}


@dataclass(frozen=True)
class Cell:
    """One frame: where it is, what the browser and the page allow, and what the token lists."""

    page: str
    host: str
    frame: str
    cookies: str
    referrer: str
    listed: bool
    room: str

    @property
    def row(self) -> tuple[str, ...]:
        return (
            f"{self.page} → {self.frame}, {SITES[self.host]}",
            OF_COOKIES[self.cookies],
            self.referrer,
            "lists the page" if self.listed else "lists nothing",
        )


@dataclass(frozen=True)
class Browser:
    """A running browser, with tokens of the administrator that it has not seen."""

    name: str
    cookies: tuple[str, ...]
    new_tab: Callable[[], Tab]
    # Without a list, and listing both pages.
    tokens: dict[bool, Iterator[str]]


def expected(cell: Cell, browser: str) -> str:
    """Return what the guide promises for a frame."""
    if cell.page != cell.frame:
        return "blocked"
    unseen = cell.referrer == "no-referrer"
    if cell.frame == "http" and cell.listed and unseen:
        # Neither a page nor a frame is to be seen over http.
        return "domain-not-allowed"
    if cell.host == SAME_SITE or (cell.frame == "https" and keeps_partitioned(cell, browser)):
        return "cookie"
    if cell.room == "admin":
        return "tab"
    # Where Chromium blocks third-party cookies, it closes the storage of such a frame as well.
    return "history" if browser == "Chromium" and cell.cookies == "blocked" else "storage"


def keeps_partitioned(cell: Cell, browser: str) -> bool:
    return cell.cookies == "allowed" or (browser == "Chromium" and cell.cookies == "blocked")


def cells(cookies: str, place: tuple[str, str, str]) -> list[Cell]:
    """Return all frames of a place."""
    return [
        Cell(*place, cookies, referrer, listed, room)
        for referrer, listed, room in itertools.product(REFERRERS, LISTS, ROOMS)
    ]


@pytest.fixture(scope="module")
def tokens(desk) -> dict[bool, list[str]]:
    """Tokens of the administrator, by whether they list both pages; as many as a browser sees."""
    script = f"""
from accounts.actor import Actor
from accounts.models import User
from tokens.models import AccessToken
user = User.objects.get(username={people.ADMINISTRATOR!r})
for domains in ([], ["{SAME_SITE}:*", "{OTHER_SITE}:*"]):
    for number in range({100 if WRITES_TABLE else 40}):
        print(AccessToken.objects.issue(user=user, name="x", by=Actor.system(), domains=domains)[1])
"""
    made = desk.weiyu.manage("shell", "--no-imports", "-c", script).split()
    half = len(made) // 2
    return {False: made[:half], True: made[half:]}


def unseen(tokens) -> dict[bool, Iterator[str]]:
    """Return the tokens for a browser that knows none of them."""
    return {listed: iter(found) for listed, found in tokens.items()}


@pytest.fixture(scope="module")
def one_firefox(tokens, tmp_path_factory):
    """One Firefox for both settings, as it is slow to start: with the tokens it has not seen."""
    if not firefox.FIREFOX:
        pytest.skip("Firefox is not installed")
    with running_firefox(tmp_path_factory.mktemp("firefox")) as running:
        yield running, unseen(tokens)


@pytest.fixture(scope="module")
def browser(request, playwright, tokens, tmp_path_factory) -> Iterator[Browser]:
    name, allows = request.param
    if name == "Firefox":
        running, mine = request.getfixturevalue("one_firefox")
        new_tab = firefox_tabs(running, third_party_cookies=allows)
        yield Browser(name, COOKIES[allows], new_tab, mine)
    else:
        folder = tmp_path_factory.mktemp("chromium")
        with chromium_tabs(playwright, folder, third_party_cookies=allows) as new_tab:
            yield Browser(name, COOKIES[allows], new_tab, unseen(tokens))


def each_browser(*settings: bool):
    """Give a test each browser with these settings of third-party cookies."""
    given = list(itertools.product(BROWSERS, settings))
    names = [f"{name}, {' and '.join(COOKIES[setting])}" for name, setting in given]
    return pytest.mark.parametrize("browser", given, ids=names, indirect=True)


@pytest.fixture(scope="module")
def desks(desk, desk_without_cookies) -> dict[str, Desk]:
    """Our server, by what becomes of third-party cookies."""
    return {"allowed": desk, "blocked": desk, "dropped": desk_without_cookies}


def login(desk, scheme: str, room: str, secret: str) -> str:
    return f"{desk.url(scheme)}/{room}/auth/login?accessToken={secret}"


def put(other_site, body: str) -> str:
    path = f"/crm-{len(other_site.pages)}"
    other_site.pages[path] = f"<!doctype html><title>CRM</title>{body}"
    return path


def some(here: list[Cell], chance: random.Random) -> list[Cell]:
    """Return half of the frames of a place, in which each pair of two choices is still there.

    A browser that drops all cookies differs from others where pages and frames are of two sites.
    """
    if WRITES_TABLE:
        return here
    if here[0].cookies == "dropped" and (
        here[0].host == SAME_SITE or here[0].page != here[0].frame
    ):
        return []
    odd = chance.choice([True, False])
    return [
        cell
        for cell in here
        if (cell.referrer == "no-referrer") ^ cell.listed ^ (cell.room == "admin") ^ odd
    ]


@pytest.fixture(scope="module")
def kept() -> set[tuple[str, Cell]]:
    """The frames that were seen to do what the guide promises, by browser."""
    return set()


@each_browser(True, False)
def test_frames(browser, desks, other_site, kept):
    # All of them take minutes; which half is looked at changes from run to run, and is told.
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    pages = [
        some(cells(cookies, place), chance)
        for cookies, place in itertools.product(browser.cookies, PLACES)
    ]
    # One page after the other: SQLite lets one call write at a time, and where too many wait on a
    # busy machine, one of them is answered that the database is locked.
    seen = {}
    for here in filter(None, pages):
        seen |= look_at(here, browser, desks, other_site)

    assert seen == {cell: expected(cell, browser.name) for cell in seen}, seed
    assert len(seen) == sum(40 if WRITES_TABLE else IN_A_RUN[it] for it in browser.cookies)
    kept |= {(browser.name, cell) for cell in seen}


def look_at(here: list[Cell], browser: Browser, desks, other_site) -> dict[Cell, str]:
    """Return what each frame of one page shows in the end."""
    tab, desk = browser.new_tab(), desks[here[0].cookies]
    path = put(other_site, "".join(iframe(cell, desk, browser.tokens) for cell in here))
    tab.go(other_site.url(here[0].page, here[0].host, path))
    outcomes = {cell: outcome_of(tab, number, cell) for number, cell in enumerate(here)}
    tab.close()
    return outcomes


def iframe(cell: Cell, desk, tokens) -> str:
    url = html.escape(login(desk, cell.frame, cell.room, next(tokens[cell.listed])))
    policy = ' referrerpolicy="no-referrer"' if cell.referrer == "no-referrer" else ""
    return f'<iframe src="{url}"{policy} width="600" height="300"></iframe>'


def outcome_of(tab: Tab, number: int, cell: Cell) -> str:
    if cell.page == cell.frame:
        return wait_for(tab, OUTCOME, number)
    # A browser that blocks a frame leaves it at an address of its own.
    scheme = wait_for(tab, "location.protocol", number)
    return "not blocked" if scheme.startswith("http") else "blocked"


def door(way: str, url: str, referrer: str, target: str = "") -> str:
    """Return the part of a page that people click to come in, in a frame named `target`."""
    address, _, secret = url.partition("?accessToken=")
    policy = '<meta name="referrer" content="no-referrer">' if referrer == "no-referrer" else ""
    into = f' target="{target}"' if target else ""
    if way == "window.open":
        # The guide's own call.
        return (
            f'{policy}<button id="go">Open</button>'
            f"<script>go.onclick = () => {{ window.open({json.dumps(url)}, '_blank'); }}</script>"
        )
    if way.endswith("form"):
        return (
            f'{policy}<form action="{address}" method="{way.split()[0]}"{into}>'
            f'<input type="hidden" name="accessToken" value="{secret}">'
            '<button id="go">Open</button></form>'
        )
    return f'{policy}<a id="go" href="{html.escape(url)}"{into}>Open</a>'


def redirect(other_site, url: str) -> str:
    """Return the path of another site's address that leads on to `url`."""
    path = f"/to-{len(other_site.redirects)}"
    other_site.redirects[path] = url
    return path


@each_browser(False)
def test_links_windows_forms_and_redirects(browser, desks, other_site):
    # Every other one past the proxy: in tabs and windows it changes nothing.
    both = itertools.cycle([desks["blocked"], desks["dropped"]])
    tab = browser.new_tab()
    seen = {case: come_in(case, tab, browser, next(both), other_site) for case in TOP_LEVEL}
    tab.close()

    unseen = {case for case in TOP_LEVEL if case[4] == "no-referrer" and case[5]}
    assert seen == {
        case: "domain-not-allowed" if case in unseen else "cookie" for case in TOP_LEVEL
    }


def come_in(case, tab: Tab, browser: Browser, desk, other_site) -> str:
    """Click what leads in, and return what the page that opens shows in the end."""
    way, scheme, host, room, referrer, listed = case
    url = login(desk, scheme, room, next(browser.tokens[listed]))
    if way == "redirect":
        url = redirect(other_site, url)
    tab.go(other_site.url(scheme, host, put(other_site, door(way, url, referrer))))
    arrived = tab.click("#go")
    outcome = wait_for(arrived, OUTCOME)
    assert "accessToken" not in arrived.run("location.href")
    if outcome == "cookie":
        assert arrived.run("location.pathname") == f"/{room}/"
    if arrived is not tab:
        arrived.close()
    return outcome


@each_browser(True)
def test_links_forms_and_redirects_into_a_frame(browser, desks, other_site):
    # With cookies and without, every way into a frame is as good as its address.
    ways = ("link", "GET form", "POST form", "redirect")
    if WRITES_TABLE:
        cases = [*itertools.product(ways, ROOMS)]
        kinds = [("dropped", "https"), ("dropped", "http"), ("allowed", "https")]
    else:
        # Each way into one of the rooms.
        cases = [*zip(ways, 2 * random.sample(ROOMS, 2), strict=True)]
        kinds = [("dropped", "https")]
    for cookies, scheme in kinds:
        seen = come_into_frames(cases, scheme, browser, desks[cookies], other_site)

        without = {"agent": "storage", "admin": "tab"}
        assert seen == {
            (way, room): "cookie" if cookies == "allowed" else without[room] for way, room in cases
        }


def come_into_frames(cases, scheme: str, browser: Browser, desk, other_site):
    """Open a page with a frame and a door for each case, click them all, and return what comes."""
    body = ""
    for number, (way, room) in enumerate(cases):
        url = login(desk, scheme, room, next(browser.tokens[True]))
        if way == "redirect":
            url = redirect(other_site, url)
        body += f'<iframe name="f{number}"></iframe>{door(way, url, "default", f"f{number}")}'
    tab = browser.new_tab()
    tab.go(other_site.url(scheme, OTHER_SITE, put(other_site, body)))
    tab.run("[...document.querySelectorAll('#go')].forEach((door) => door.click())")
    seen = {case: wait_for(tab, OUTCOME, number) for number, case in enumerate(cases)}
    tab.close()
    return seen


def test_the_guide_says_what_browsers_do(kept):
    places = itertools.product(OF_COOKIES, PLACES)
    everything = [cell for cookies, place in places for cell in cells(cookies, place)]
    before, mark, _ = TABLE.read_text(encoding="utf-8").partition("<!-- measured -->\n")
    written = f"{before}{mark}\n{table_of(everything)}\n"
    if WRITES_TABLE:
        assert kept == set(itertools.product(BROWSERS, everything))
        TABLE.write_text(written, encoding="utf-8")

    assert TABLE.read_text(encoding="utf-8") == written
    assert len(everything) == 120


def table_of(everything: list[Cell]) -> str:
    """Return the rows of the guide's table: a place, then what each browser does in each room."""
    rows: dict[tuple[str, ...], dict[tuple[str, str], str]] = {}
    for name, cell in itertools.product(BROWSERS, everything):
        rows.setdefault(cell.row, {})[name, cell.room] = WORDS[expected(cell, name)]
    columns = list(itertools.product(BROWSERS, ROOMS))
    head = ["frame", "third-party cookies", "Referrer-Policy", "the token"]
    lines = [
        [*head, *(f"{name}, {room}" for name, room in columns)],
        *([*row, *(found[column] for column in columns)] for row, found in sorted(rows.items())),
    ]
    head_line, *others = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([head_line, "|---" * len(lines[0]) + "|", *others])
