"""Whatever a token opened ends with it: the next call is refused, in every process, and says why.

On SQLite one process serves, on PostgreSQL and Redis two do; endings come from yet another one.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
import requests

from tests import people

pytestmark = pytest.mark.server

CRM = "https://crm.example.com"
# Enough for each of two processes to be asked.
TIMES = 6
IS_SHARED = bool(os.environ.get("WEIYU_REDIS_URL")) and os.environ.get(
    "WEIYU_DATABASE_URL", ""
).startswith("postgres")

# What ends a token, as code of a management shell, and the cause that its sessions then name.
ENDINGS = {
    "disabled": ("token.disable(by=by)", "token-disabled"),
    "expired": (
        "rows.update(expires_at=timezone.now() - timedelta(minutes=1))",
        "token-expired",
    ),
    "rotated": ("token.rotate(by=by, grace=timedelta(0))", "token-rotated"),
    "deleted": ("token.remove(by=by)", "token-deleted"),
    "person": ("token.user.deactivate(by=by)", "user-inactive"),
    "scopes": ("token.edit(by=by, scopes=[])", "insufficient-scope"),
    "domain": ("token.edit(by=by, domains=['other.example'])", "domain-not-allowed"),
}
SHELL = """
from datetime import timedelta
from django.utils import timezone
from accounts.actor import Actor
from accounts.models import User
from tokens.models import AccessToken
by = Actor.system()
"""
MANY_MAY_FAIL = """
from accounts.actor import Actor
from configuration.values import assign
assign({"failed_credentials_per_minute": 1000}, by=Actor.system())
"""


@dataclass
class Way:
    """A caller that a token has let in; `look` makes one more call and returns the answer."""

    look: Callable[[], requests.Response]


@dataclass
class Born:
    """A token and everything that was opened by it."""

    secret: str
    ways: dict[str, Way] = field(default_factory=dict)


@pytest.fixture(scope="module")
def desk(serving, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("endings"), workers=2 if IS_SHARED else 1) as running:
        # All these refusals go to one address, which would soon be told to wait instead.
        running.manage("shell", "--no-imports", "-c", MANY_MAY_FAIL)
        yield running


@pytest.fixture(scope="module")
def born(desk) -> dict[str, Born]:
    """One agent, one token and all ways in for each ending."""
    made = desk.manage(
        "shell",
        "--no-imports",
        "-c",
        f"""{SHELL}
for name in {list(ENDINGS)!r}:
    user = User.objects.create_user(name + "@example.com", None, role="agent")
    domains = ["crm.example.com", "other.example"]
    row, secret = AccessToken.objects.issue(user=user, name=name, domains=domains, by=by)
    print(name, secret)
""",
    )
    found = {}
    for line in made.splitlines():
        name, secret = line.split()
        found[name] = Born(secret, ways_in(desk.url, secret))
    return found


def ways_in(site: str, secret: str) -> dict[str, Way]:
    return {
        "bearer": bearer(site, secret),
        "tab": tab(site, secret),
        "frame": frame(site, secret),
        "carried": carried(site, secret),
    }


def bearer(site: str, secret: str) -> Way:
    headers = {"Authorization": f"Bearer {secret}", "Origin": CRM}
    # A connection for each call, so that every process is asked.
    return Way(lambda: requests.get(f"{site}/api/tickets/list", headers=headers, timeout=20))


def tab(site: str, secret: str) -> Way:
    answer = requests.get(
        f"{site}/agent/auth/login",
        params={"accessToken": secret},
        headers={"Referer": f"{CRM}/"},
        allow_redirects=False,
        timeout=20,
    )
    assert answer.status_code == 303
    return Way(lambda: requests.get(f"{site}/agent/", cookies=answer.cookies, timeout=20))


def land(site: str, secret: str) -> tuple[str, requests.Response]:
    """Go as far as the frame's own sign-in, and return its place and the answer."""
    page = requests.get(
        f"{site}/agent/auth/login",
        params={"accessToken": secret},
        headers={"Referer": f"{CRM}/", "Sec-Fetch-Dest": "iframe"},
        timeout=20,
    )
    place = re.search(r'data-framed="(/f/[^/]+)/', page.text)[1]
    sent = requests.post(
        f"{site}{place}/agent/auth/open",
        data={"code": code_of(page)},
        allow_redirects=False,
        timeout=20,
    )
    assert sent.status_code == 303
    return place, sent


def code_of(page: requests.Response) -> str:
    return re.search(r"wlc_[\w-]+", page.text)[0]


def frame(site: str, secret: str) -> Way:
    place, sent = land(site, secret)
    return Way(lambda: requests.get(f"{site}{place}/agent/", cookies=sent.cookies, timeout=20))


def carried(site: str, secret: str) -> Way:
    place, sent = land(site, secret)
    told = requests.get(site + sent.headers["Location"], timeout=20)
    kept = requests.post(
        f"{site}{place}/agent/auth/keep", data={"code": code_of(told)}, timeout=20
    ).json()
    headers = {"X-Weiyu-Session": kept["session"]}
    return Way(lambda: requests.get(site + kept["next"], headers=headers, timeout=20))


@pytest.mark.parametrize("ending", ENDINGS)
def test_all_that_a_token_opened_ends_with_it_and_says_why(desk, born, ending):
    code, cause = ENDINGS[ending]
    ways = born[ending].ways
    assert {name: way.look().status_code for name, way in ways.items()} == dict.fromkeys(ways, 200)

    desk.manage(
        "shell",
        "--no-imports",
        "-c",
        f"""{SHELL}
rows = AccessToken.objects.filter(name={ending!r}, successor=None)
token = rows.select_related("user").get()
{code}
""",
    )

    # A call of the API finds no row where a session still knows of the one it had.
    causes = {**dict.fromkeys(ways, cause), "bearer": cause.replace("deleted", "invalid")}
    status = 403 if cause in {"insufficient-scope", "domain-not-allowed"} else 401
    for name, way in ways.items():
        for answer in [way.look() for _ in range(TIMES)]:
            assert answer.status_code == status, (name, answer.text)
            assert causes[name] in answer.text, name


def test_while_calls_pour_in_none_is_accepted_after_the_disabling(desk):
    secret = desk.issue(people.AGENT)
    headers = {"Authorization": f"Bearer {secret}"}
    calls: list[tuple[float, int]] = []
    is_over = threading.Event()

    def call_until_the_end() -> None:
        while not is_over.is_set():
            began = time.monotonic()
            answer = requests.get(f"{desk.url}/api/user/profile", headers=headers, timeout=60)
            calls.append((began, answer.status_code))

    with ThreadPoolExecutor(50) as pool:
        callers = [pool.submit(call_until_the_end) for _ in range(50)]
        while len(calls) < 100:
            time.sleep(0.05)
        desk.manage("disable_access_token", f"--hint={secret[-6:]}")
        disabled = time.monotonic()
        while sum(began > disabled for began, _ in list(calls)) < 200:
            time.sleep(0.05)
        is_over.set()
        for caller in callers:
            caller.result()

    assert {status for _, status in calls if status not in {200, 401, 429}} == set()
    assert any(status == 200 for began, status in calls if began < disabled)
    assert not any(status == 200 for began, status in calls if began > disabled)


def at_once(call: Callable[[], requests.Response], times: int = 8) -> list[requests.Response]:
    ready = threading.Barrier(times)

    def one() -> requests.Response:
        ready.wait()
        return call()

    with ThreadPoolExecutor(times) as pool:
        return [made.result() for made in [pool.submit(one) for _ in range(times)]]


def test_a_login_link_that_is_opened_many_times_at_once_opens_one_session(desk):
    headers = {"Authorization": f"Bearer {desk.issue(people.AGENT)}"}
    link = requests.post(
        f"{desk.url}/api/login-links", json={"target": "agent"}, headers=headers, timeout=20
    ).json()["url"]
    code = code_of(requests.get(link, timeout=20))

    answers = at_once(
        lambda: requests.post(
            f"{desk.url}/agent/auth/open", data={"code": code}, allow_redirects=False, timeout=20
        )
    )

    opened = [answer for answer in answers if answer.status_code == 303]
    assert len(opened) == 1
    assert [answer.cookies.get("weiyu") is not None for answer in answers].count(True) == 1
    assert all("code-used" in answer.text for answer in answers if answer not in opened)


def test_many_rotations_at_once_make_one_successor(desk):
    # Through a token no other may outlive it, so it rotates itself.
    secret = desk.issue(people.ADMINISTRATOR, scope=["tokens:write"])
    headers = {"Authorization": f"Bearer {secret}"}
    tokens = requests.get(f"{desk.url}/api/tokens/list", headers=headers, timeout=20).json()
    mine = next(token["id"] for token in tokens if token["hint"] == secret[-6:])

    answers = at_once(
        lambda: requests.post(f"{desk.url}/api/tokens/{mine}/rotate", headers=headers, timeout=60)
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [answer.json()["token"] is not None for answer in answers].count(True) == 1
