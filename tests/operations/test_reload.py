"""`systemctl reload` sends SIGHUP: new workers come, and no call is lost."""

from __future__ import annotations

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.own_services import own_redis

pytestmark = pytest.mark.server

WORKERS = 2


def test_a_reload_loses_no_call(serving, tmp_path):
    with (
        own_redis() as redis,
        serving(tmp_path, {"WEIYU_REDIS_URL": redis.url}, workers=WORKERS) as desk,
    ):
        first = wait_for_workers(desk, WORKERS)
        statuses: list[int] = []
        over = False

        def ask() -> None:
            while not over:
                statuses.append(requests.get(f"{desk.url}/agent/login", timeout=30).status_code)

        with ThreadPoolExecutor(2) as callers:
            for _ in range(2):
                callers.submit(ask)
            os.kill(desk.process.pid, signal.SIGHUP)
            try:
                second = wait_for_workers(desk, 2 * WORKERS) - first
            finally:
                time.sleep(1)
                over = True

    assert len(second) == WORKERS
    assert set(statuses) == {200}


def wait_for_workers(desk, count: int) -> set[str]:
    """Return the process numbers of all workers that have ever begun, once they are `count`."""
    deadline = time.monotonic() + 240
    while len(begun := set(re.findall(r"Started server process \[(\d+)\]", desk.log()))) < count:
        assert time.monotonic() < deadline, desk.log()
        time.sleep(0.2)
    return begun
