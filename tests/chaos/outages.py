"""What Weiyu stands on stops, hangs or is full for a while, again and again, while many use it.

Run by `make chaos`; the short forms of these stand in tests/operations. Whatever happens, a caller
reads a success, or 503 with the time to wait; what was answered with success is there afterwards,
and what is sent again under the same key is done once.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import requests

from tests import people
from tests.commands import Commands
from tests.own_services import OwnRedis, own_postgresql, own_redis, wait_for_postgresql
from tests.server import PREPARE, Weiyu, _environment

pytestmark = pytest.mark.server

WRITERS = 8
PATIENCE = 120


@dataclass
class Writers:
    """Callers who create tickets, each sent again under its key until it is answered."""

    desk: Weiyu
    secret: str
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        with ThreadPoolExecutor(WRITERS) as pool:
            writing = [pool.submit(self._go_on) for _ in range(WRITERS)]
            try:
                yield
            finally:
                self._over.set()
            for writer in writing:
                writer.result()

    def _go_on(self) -> None:
        while not self._over.is_set():
            title, key = f"Number {next(self._numbers)}", secrets.token_hex(8)
            deadline = time.monotonic() + PATIENCE
            while self._send(title, key) != 200:
                assert time.monotonic() < deadline, self.statuses
                time.sleep(0.1)
            self.acknowledged.add(title)

    def _send(self, title: str, key: str) -> int:
        answer = requests.post(
            f"{self.desk.url}/api/tickets/create",
            json={"title": title, "content": "x"},
            headers={"Authorization": f"Bearer {self.secret}", "Idempotency-Key": key},
            timeout=PATIENCE,
        )
        self.statuses[answer.status_code] += 1
        if answer.status_code == 503:
            assert answer.headers["Retry-After"]
            assert answer.json()["code"] == "unavailable"
        return answer.status_code

    def assert_all_is_there_once(self, titles: list[str]) -> None:
        print(f"\n{len(self.acknowledged)} acknowledged, answers: {dict(self.statuses)}")
        found = Counter(titles)
        assert self.acknowledged
        assert set(found) == self.acknowledged
        assert set(found.values()) == {1}


@pytest.fixture
def unlimited() -> str:
    """Configure no limit that these would meet."""
    return (
        "from configuration import values; from accounts.actor import Actor;"
        "values.assign({'api_rate_per_minute': 100000}, by=Actor.system())"
    )


def on_sqlite(desk: Weiyu) -> list[str]:
    with contextlib.closing(sqlite3.connect(desk.data_dir / "weiyu.sqlite3")) as database:
        return [title for (title,) in database.execute("SELECT title FROM tickets_ticket")]


def test_postgresql_is_killed_and_restarted(serving, tmp_path, unlimited):
    with own_postgresql() as server:
        env = {**_environment(tmp_path), "WEIYU_DATABASE_URL": server.url}
        with contextlib.closing(Commands(env)) as commands:
            commands.run("shell", "--no-imports", "-c", PREPARE + unlimited)
        (tmp_path / "desk").mkdir()
        with serving(tmp_path / "desk", {"WEIYU_DATABASE_URL": server.url}) as desk:
            writers = Writers(desk, desk.issue(people.ADMINISTRATOR))
            with writers.at_work():
                for mode in ("fast", "immediate") * 3:
                    time.sleep(3)
                    server.stop(mode)
                    time.sleep(2)
                    server.start()
                wait_for_postgresql(server.url)
                time.sleep(3)
        with psycopg.connect(server.url) as connection:
            titles = [row[0] for row in connection.execute("SELECT title FROM tickets_ticket")]
    writers.assert_all_is_there_once(titles)
    assert set(writers.statuses) <= {200, 503, 409}


def test_sqlite_is_held_for_longer_than_anybody_waits(serving, tmp_path, unlimited):
    with serving(tmp_path) as desk:
        desk.manage("shell", "--no-imports", "-c", unlimited)
        writers = Writers(desk, desk.issue(people.ADMINISTRATOR))
        with writers.at_work():
            other = sqlite3.connect(desk.data_dir / "weiyu.sqlite3", isolation_level=None)
            other.execute("PRAGMA busy_timeout = 30000")
            other.execute("BEGIN IMMEDIATE")
            time.sleep(30)
            other.execute("ROLLBACK")
            other.close()
            time.sleep(3)
        writers.assert_all_is_there_once(on_sqlite(desk))
        assert writers.statuses[503] > 0


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_the_disk_is_full(serving, tmp_path, unlimited):
    with small_disk(tmp_path / "disk") as folder, serving(folder) as desk:
        desk.manage("shell", "--no-imports", "-c", unlimited)
        writers = Writers(desk, desk.issue(people.ADMINISTRATOR))
        with writers.at_work():
            for _ in range(3):
                time.sleep(2)
                fill(folder / "ballast")
                time.sleep(3)
                (folder / "ballast").unlink()
            time.sleep(3)
        writers.assert_all_is_there_once(on_sqlite(desk))
        assert writers.statuses[503] > 0


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(4096))


def test_redis_comes_and_goes(serving, tmp_path, unlimited):
    with own_redis() as server, serving(tmp_path, {"WEIYU_REDIS_URL": server.url}) as desk:
        desk.manage("shell", "--no-imports", "-c", unlimited)
        writers = Writers(desk, desk.issue(people.ADMINISTRATOR))
        outages: list[tuple[Callable[[OwnRedis], None], Callable[[OwnRedis], None]]] = [
            (OwnRedis.stop, OwnRedis.start),
            (OwnRedis.hang, OwnRedis.go_on),
        ]
        with writers.at_work():
            for leave, come_back in outages * 2:
                time.sleep(2)
                leave(server)
                time.sleep(4)
                come_back(server)
            time.sleep(3)
        writers.assert_all_is_there_once(on_sqlite(desk))
    assert set(writers.statuses) == {200}


def test_sixteen_sign_in_by_link_at_once(serving, tmp_path):
    logins = int(os.environ.get("WEIYU_TEST_LOGINS", "1600"))
    with (
        own_redis() as server,
        serving(tmp_path, {"WEIYU_REDIS_URL": server.url}, workers=2) as desk,
    ):
        link = f"{desk.url}/agent/auth/login?accessToken={desk.issue(people.ADMINISTRATOR)}"

        def sign_in(_number: int) -> int:
            return requests.get(link, timeout=PATIENCE, allow_redirects=False).status_code

        with ThreadPoolExecutor(16) as callers:
            statuses = Counter(callers.map(sign_in, range(logins)))
    assert statuses == {303: logins}
