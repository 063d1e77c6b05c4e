"""Every way in, in Chromium and Firefox: each signs in, or shows the page that the guide tells of.

What was seen stands in docs/guide/browsers-measured.md, which must say the same.
`make browser-table` looks at all of it and writes it anew.
"""

from __future__ import annotations

import contextlib
import html
import itertools
import json
import os
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import people
from tests.browser import firefox
from tests.browser.conftest import OTHER_SITE, SAME_SITE
from tests.browser.tabs import Tab, chromium_tabs, firefox_tabs, wait_for

pytestmark = [pytest.mark.server, pytest.mark.browser, pytest.mark.once]

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "guide" / "browsers-measured.md"
WRITES_TABLE = os.environ.get("WEIYU_TEST_WRITE_BROWSER_TABLE") == "true"
BROWSERS = ("Chromium", "Firefox")
ROOMS = ("agent", "admin")
REFERRERS = ("default", "no-referrer")
LISTS = (False, True)
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
)
# What a page of ours shows, null while it is on its way.
OUTCOME = """(() => {
  if (document.querySelector("[data-workstation], #user-tools")) {
    if (!document.body.dataset.alive) return "cookie";
    try { return sessionStorage.length ? "storage" : "history"; } catch { return "history"; }
  }
  const stuck = document.querySelector("[data-stuck]");
  if (stuck && !stuck.hidden) return "tab";
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


@dataclass(frozen=True)
class Cell:
    """One frame: where it is, what the browser and the page allow, and what the token lists."""

    page: str
    host: str
    frame: str
    cookies: bool
    referrer: str
    listed: bool
    room: str

    @property
    def row(self) -> tuple[str, ...]:
        return (
            f"{self.page} → {self.frame}, {SITES[self.host]}",
            "allowed" if self.cookies else "blocked",
            self.referrer,
            "lists the page" if self.listed else "lists nothing",
        )


def expected(cell: Cell, browser: str) -> str:
    """Return what the guide promises for a frame."""
    if cell.page != cell.frame:
        return "blocked"
    unseen = cell.referrer == "no-referrer"
    if cell.frame == "http" and cell.listed and unseen:
        # Neither a page nor a frame is to be seen over http.
        return "domain-not-allowed"
    if cell.host == SAME_SITE:
        return "cookie"
    if cell.frame == "https" and (browser == "Chromium" or cell.cookies):
        return "cookie"
    if cell.room == "admin":
        return "tab"
    # Where Chromium blocks third-party cookies, it closes the storage of such a frame as well.
    return "history" if browser == "Chromium" and not cell.cookies else "storage"


def cells(cookies: bool) -> list[Cell]:
    return [
        Cell(*place, cookies, referrer, listed, room)
        for place, referrer, listed, room in itertools.product(PLACES, REFERRERS, LISTS, ROOMS)
    ]


@pytest.fixture(scope="module")
def tokens(desk) -> Iterable[str]:
    """Tokens of the administrator: without a list, and listing both pages, in turn."""
    script = f"""
from accounts.actor import Actor
from accounts.models import User
from tokens.models import AccessToken
user = User.objects.get(username={people.ADMINISTRATOR!r})
both = ["{SAME_SITE}:*", "{OTHER_SITE}:*"]
for number in range(300):
    domains = both if number % 2 else []
    print(AccessToken.objects.issue(user=user, name="table", by=Actor.system(), domains=domains)[1])
"""
    made = desk.weiyu.manage("shell", "--no-imports", "-c", script).split()
    return {False: iter(made[::2]), True: iter(made[1::2])}


@contextlib.contextmanager
def tabs_of(name: str, playwright, folder: Path, *, cookies: bool):
    """Yield a function that opens tabs of a fresh browser."""
    if name == "Firefox" and not firefox.FIREFOX:
        pytest.skip("Firefox is not installed")
    folder.mkdir()
    if name == "Chromium":
        opened = chromium_tabs(playwright, folder / "profile", third_party_cookies=cookies)
    else:
        opened = firefox_tabs(folder, third_party_cookies=cookies)
    with opened as new_tab:
        yield new_tab


def login(desk, scheme: str, room: str, secret: str) -> str:
    return f"{desk.url(scheme)}/{room}/auth/login?accessToken={secret}"


def put(other_site, name: str, body: str) -> str:
    path = f"/{name}"
    other_site.pages[path] = f"<!doctype html><title>CRM</title>{body}"
    return path


def one_half(here: list[Cell], chance: random.Random) -> list[Cell]:
    """Return half of the frames of a place, in which each pair of two choices is still there."""
    odd = chance.choice([True, False])
    return [
        cell
        for cell in here
        if (cell.referrer == "no-referrer") ^ cell.listed ^ (cell.room == "admin") ^ odd
    ]


def test_frames_and_the_table_in_the_guide(playwright, tmp_path, desk, other_site, tokens):
    # All of them take minutes; which half is looked at changes from run to run, and is told.
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    seen, promised = {}, {}
    for name, cookies in itertools.product(BROWSERS, (True, False)):
        with tabs_of(name, playwright, tmp_path / f"{name}-{cookies}", cookies=cookies) as new_tab:
            for place in PLACES:
                here = [
                    cell for cell in cells(cookies) if (cell.page, cell.host, cell.frame) == place
                ]
                promised |= {(name, cell): expected(cell, name) for cell in here}
                looked_at = here if WRITES_TABLE else one_half(here, chance)
                outcomes = look_at(looked_at, new_tab(), desk, other_site, tokens)
                seen |= {(name, cell): outcome for cell, outcome in outcomes.items()}

    assert seen == {case: promised[case] for case in seen}, seed
    assert len(promised) == 160
    assert len(seen) == (160 if WRITES_TABLE else 80)
    before, mark, _ = TABLE.read_text(encoding="utf-8").partition("<!-- measured -->\n")
    written = f"{before}{mark}\n{table_of(promised)}\n"
    if WRITES_TABLE:
        TABLE.write_text(written, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == written


def table_of(seen: dict[tuple[str, Cell], str]) -> str:
    """Return the rows of the guide's table: a place, then what each browser does in each room."""
    rows: dict[tuple[str, ...], dict[tuple[str, str], str]] = {}
    for (name, cell), outcome in seen.items():
        rows.setdefault(cell.row, {})[name, cell.room] = WORDS[outcome]
    columns = list(itertools.product(BROWSERS, ROOMS))
    head = ["frame", "third-party cookies", "Referrer-Policy", "the token"]
    lines = [
        [*head, *(f"{name}, {room}" for name, room in columns)],
        *([*row, *(found[column] for column in columns)] for row, found in sorted(rows.items())),
    ]
    head_line, *others = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([head_line, "|---" * len(lines[0]) + "|", *others])


def look_at(here: list[Cell], tab: Tab, desk, other_site, tokens) -> dict[Cell, str]:
    """Return what each frame of one page shows in the end."""
    path = put(other_site, "frames", "".join(iframe(cell, desk, tokens) for cell in here))
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


def door(way: str, url: str, referrer: str) -> str:
    """Return the part of a page that people click."""
    address, _, secret = url.partition("?accessToken=")
    policy = '<meta name="referrer" content="no-referrer">' if referrer == "no-referrer" else ""
    if way == "link":
        return f'{policy}<a id="go" href="{html.escape(url)}">Open</a>'
    if way == "window.open":
        # The guide's own call.
        return (
            f'{policy}<button id="go">Open</button>'
            f"<script>go.onclick = () => {{ window.open({json.dumps(url)}, '_blank'); }}</script>"
        )
    return (
        f'{policy}<form action="{address}" method="{way.split()[0]}">'
        f'<input type="hidden" name="accessToken" value="{secret}">'
        '<button id="go">Open</button></form>'
    )


@pytest.mark.parametrize("name", BROWSERS)
def test_links_windows_and_forms(name, playwright, tmp_path, desk, other_site, tokens):
    with tabs_of(name, playwright, tmp_path / name, cookies=False) as new_tab:
        seen = {case: come_in(case, new_tab, desk, other_site, tokens) for case in TOP_LEVEL}

    unseen = {case for case in TOP_LEVEL if case[4] == "no-referrer" and case[5]}
    assert seen == {
        case: "domain-not-allowed" if case in unseen else "cookie" for case in TOP_LEVEL
    }


def come_in(case, new_tab, desk, other_site, tokens) -> str:
    """Click what leads in, and return what the page that opens shows in the end."""
    way, scheme, host, room, referrer, listed = case
    url = login(desk, scheme, room, next(tokens[listed]))
    tab = new_tab()
    tab.go(other_site.url(scheme, host, put(other_site, "door", door(way, url, referrer))))
    arrived = tab.click("#go")
    outcome = wait_for(arrived, OUTCOME)
    assert "accessToken" not in arrived.run("location.href")
    if outcome == "cookie":
        assert arrived.run("location.pathname") == f"/{room}/"
    for opened in {id(arrived): arrived, id(tab): tab}.values():
        opened.close()
    return outcome
