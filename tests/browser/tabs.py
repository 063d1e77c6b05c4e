"""One way to drive Chromium and Firefox, as far as the table of all ways in needs it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from tests.browser import firefox
from tests.browser.conftest import CHROMIUM, FLAGS, OTHER_SITE, OURS, SAME_SITE, prefer

# Seconds; only what fails waits so long.
PATIENCE = 60.0
# Third-party cookies: Firefox keeps those of each site apart (5), or drops them all (1).
_COOKIE_BEHAVIOUR = {True: 5, False: 1}


class Tab(Protocol):
    def go(self, url: str) -> None:
        """Open an address, and wait for its page but not for the frames in it."""

    def run(self, expression: str, frame: int | None = None) -> Any:
        """Return what a JavaScript expression is in the page or in its frame of that number."""

    def click(self, selector: str) -> Tab:
        """Click like a person; return the tab that shows what came of it."""

    def close(self) -> None: ...


def wait_for(tab: Tab, expression: str, frame: int | None = None) -> Any:
    """Return the value of an expression as soon as it is not null."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = tab.run(expression, frame)
        if found is not None:
            return found
        time.sleep(0.1)
    shown = tab.run("[location.href, document.body?.innerText]", frame)
    raise TimeoutError(f"{expression[:40]}… stayed null, and the page shows {shown!r}")


class ChromiumTab:
    def __init__(self, page: Any) -> None:
        self._page = page

    def go(self, url: str) -> None:
        self._page.goto(url, wait_until="domcontentloaded")

    def run(self, expression: str, frame: int | None = None) -> Any:
        from playwright.sync_api import Error

        try:
            place = self._page.main_frame
            if frame is not None:
                place = place.child_frames[frame]
            return place.evaluate(expression)
        except Error as error:
            # It was on the way from one page to the next.
            if "context was destroyed" in str(error) or "navigat" in str(error):
                return None
            raise

    def click(self, selector: str) -> Tab:
        before, url = set(self._page.context.pages), self._page.url
        self._page.click(selector)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._page.url == url:
            if opened := set(self._page.context.pages) - before:
                return ChromiumTab(opened.pop())
            self._page.wait_for_timeout(100)
        return self

    def close(self) -> None:
        self._page.close()


class FirefoxTab:
    def __init__(self, browser: firefox.Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    def go(self, url: str) -> None:
        # Asked to wait for the page alone, Firefox at times answers too early or never.
        self._browser.call("browsingContext.navigate", context=self._context, url=url, wait="none")
        is_there = f"location.href === {json.dumps(url)} && document.readyState !== 'loading'"
        wait_for(self, f"{is_there} || null")

    def run(self, expression: str, frame: int | None = None) -> Any:
        try:
            return self._evaluate(expression, self._place(frame))
        except firefox.BidiError as error:
            # It was on the way from one page to the next.
            if "no such frame" in str(error) or "unknown error" in str(error):
                return None
            raise

    def _place(self, frame: int | None) -> str:
        if frame is None:
            return self._context
        tree = self._browser.call("browsingContext.getTree", root=self._context)
        return str(tree["contexts"][0]["children"][frame]["context"])

    def _evaluate(self, expression: str, context: str, *, by_a_person: bool = False) -> Any:
        answer = self._browser.call(
            "script.evaluate",
            expression=f"JSON.stringify({expression}) ?? null",
            target={"context": context},
            awaitPromise=False,
            userActivation=by_a_person,
        )
        if answer["type"] == "exception":
            raise AssertionError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value") or "null")

    def click(self, selector: str) -> Tab:
        before = set(self._browser.tabs())
        found = f"document.querySelector({json.dumps(selector)})"
        url = self.run("location.href")
        self._evaluate(f"{found}.click()", self._context, by_a_person=True)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.run("location.href") == url:
            if opened := set(self._browser.tabs()) - before:
                return FirefoxTab(self._browser, opened.pop())
            time.sleep(0.1)
        return self

    def close(self) -> None:
        self._browser.call("browsingContext.close", context=self._context)


@contextlib.contextmanager
def chromium_tabs(playwright: Any, folder: Path, *, third_party_cookies: bool) -> Iterator[Any]:
    """Yield a function that opens a tab of a fresh Chromium."""
    prefer(folder, third_party_cookies=third_party_cookies)
    context = playwright.chromium.launch_persistent_context(
        folder, executable_path=CHROMIUM, args=FLAGS, ignore_https_errors=True, locale="en-US"
    )
    context.set_default_timeout(PATIENCE * 1000)
    try:
        yield lambda: ChromiumTab(context.new_page())
    finally:
        context.close()


def running_firefox(folder: Path) -> contextlib.AbstractContextManager[firefox.Firefox]:
    hosts = (OURS, SAME_SITE, OTHER_SITE)
    return firefox.running(folder, {"intl.accept_languages": "en-US"}, hosts)


def firefox_tabs(browser: firefox.Firefox, *, third_party_cookies: bool) -> Callable[[], Tab]:
    """Return a function that opens a tab, after changing the setting."""
    browser.prefer("network.cookie.cookieBehavior", _COOKIE_BEHAVIOUR[third_party_cookies])
    return lambda: FirefoxTab(browser, browser.new_tab())
