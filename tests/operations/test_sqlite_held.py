"""SQLite is held by another writer, or its disk is full: readers go on, writers are told."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
import time
from collections.abc import Iterator

import pytest
import requests
from django.db import connection

from tests import people
from tests.server import Weiyu

pytestmark = [pytest.mark.server, pytest.mark.once]

# Longer than a call that waits for the writer to be done would be allowed to take.
SIGN_OF_LIFE = 10
HELD_FOR_EVER = 30
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def desk(serving, tmp_path_factory) -> Iterator[Weiyu]:
    """A desk that waits a second for another writer, instead of twenty."""
    if connection.vendor != "sqlite":
        pytest.skip("is about SQLite (no WEIYU_DATABASE_URL)")
    folder = tmp_path_factory.mktemp("weiyu")
    url = f"sqlite:///{folder}/weiyu.sqlite3?timeout=1"
    with serving(folder, {"WEIYU_DATABASE_URL": url}) as desk:
        yield desk


@contextlib.contextmanager
def held(desk: Weiyu) -> Iterator[None]:
    """Be the one writer."""
    other = sqlite3.connect(desk.data_dir / "weiyu.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextlib.contextmanager
def full_disk(desk: Weiyu) -> Iterator[None]:
    """Let no file of the server grow beyond what its database has written ahead."""
    pid, none = desk.process.pid, resource.RLIM_INFINITY
    size = (desk.data_dir / "weiyu.sqlite3-wal").stat().st_size
    assert size > 2 * len(desk.log()), "its log must still be written"
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, none))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def bearer(secret: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", **headers}


def get(desk: Weiyu, path: str, **headers: str) -> requests.Response:
    return requests.get(
        desk.url + path, headers=headers, timeout=HELD_FOR_EVER, allow_redirects=False
    )


def create(desk: Weiyu, secret: str, title: str) -> requests.Response:
    return requests.post(
        f"{desk.url}/api/tickets/create",
        json={"title": title, "content": "x"},
        headers=bearer(secret),
        timeout=HELD_FOR_EVER,
    )


def rows(desk: Weiyu, question: str, *values: object) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(desk.data_dir / "weiyu.sqlite3")) as database:
        return database.execute(question, values).fetchall()


def assert_unavailable(desk: Weiyu, secret: str) -> None:
    logged = len(desk.log())

    problems = [
        create(desk, secret, "Never"),
        get(desk, f"/agent/auth/login?accessToken={secret}", **JSON),
    ]
    page = get(desk, f"/agent/auth/login?accessToken={secret}")

    for answer in (*problems, page):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), answer.text
    assert {answer.json()["code"] for answer in problems} == {"unavailable"}
    assert "Out of order for a moment" in page.text
    told = desk.log()[logged:]
    assert told.count("Service Unavailable: ") == 3
    assert "Traceback" not in told
    assert secret not in told


@pytest.mark.parametrize("away", [held, full_disk])
def test_writers_are_told_to_come_again_and_nothing_acknowledged_is_lost(desk, away):
    secret = desk.issue(people.ADMINISTRATOR)
    assert create(desk, secret, f"Kept by {away.__name__}").status_code == 200

    with away(desk):
        assert_unavailable(desk, secret)
        assert get(desk, "/api/tickets/list", **bearer(secret)).status_code == 200

    assert create(desk, secret, "Afterwards").status_code == 200
    assert get(desk, f"/agent/auth/login?accessToken={secret}").status_code == 303
    kept = {title for (title,) in rows(desk, "SELECT title FROM tickets_ticket")}
    assert {f"Kept by {away.__name__}", "Afterwards"} <= kept
    assert "Never" not in kept
    assert rows(desk, "PRAGMA integrity_check") == [("ok",)]


def test_reading_never_waits_for_a_writer_and_its_use_is_noted_afterwards(desk):
    fresh, disabled = desk.issue(people.AGENT, name="fresh"), desk.issue(people.AGENT, name="ended")
    desk.manage("disable_access_token", f"--hint={disabled[-6:]}")
    began = time.monotonic()

    with held(desk):
        # Each would wait its second, some of them more than once.
        reads = [get(desk, "/api/tickets/list", **bearer(fresh)) for _ in range(20)]
        refused = get(desk, "/api/tickets/list", **bearer(disabled))
        ready = get(desk, "/readyz")

    assert {answer.status_code for answer in reads} == {200}
    assert ready.status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (401, "token-disabled")
    assert time.monotonic() - began < SIGN_OF_LIFE
    deadline = time.monotonic() + 60
    while noted(desk) != [("ended", "denied"), ("fresh", "first_use")]:
        assert time.monotonic() < deadline, noted(desk)
        time.sleep(0.2)
    used = "SELECT last_used_at FROM tokens_accesstoken WHERE name = 'fresh'"
    while rows(desk, used) == [(None,)]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def noted(desk: Weiyu) -> list[tuple]:
    return rows(
        desk,
        "SELECT token_name, verb FROM tokens_tokenevent WHERE verb IN ('denied', 'first_use')"
        " AND token_name IN ('fresh', 'ended') ORDER BY token_name",
    )
