"""Tell a load balancer whether this process lives (/healthz) and can work (/readyz)."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from records.outages import in_one_line, is_held, without_waiting
from weiyu_site.edge.replies import Answer

logger = logging.getLogger(__name__)

PATHS = frozenset({"/healthz", "/readyz"})
HEADERS = {"content-type": "application/json", "cache-control": "no-store"}

# Seconds: how long a part may take, and how long a verdict is used again.
PATIENCE = 5.0
REMEMBERED = 1.0
# What is written to try the disk, and how often.
WRITTEN = 4096
WRITTEN_EVERY = 30.0

Verdict = dict[str, bool]


class Health:
    """Answer on the event loop, so that busy threads cannot make a living process look dead."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="readyz")
        self._verdict: Verdict = {}
        self._judged_at = 0.0
        self._layer = LayerProbe()
        self._lock = asyncio.Lock()
        self._is_limited = True

    async def answer(self, path: str) -> Answer:
        if path == "/healthz":
            return _alive()
        return _ready(await self._judge(), is_limited=self._is_limited)

    def note_missing_limits(self) -> None:
        """Say once that another server than ours stands before us."""
        if self._is_limited:
            self._is_limited = False
            logger.warning(
                "This server has no limits on slow heads, silence and connections, so that one "
                "caller can stop it: start it by python -m weiyu_site.serve."
            )

    async def _judge(self) -> Verdict:
        """Look at the parts, once a second at most: anybody may ask."""
        async with self._lock:
            if not self._verdict or time.monotonic() - self._judged_at > REMEMBERED:
                self._verdict = await self._look()
                self._judged_at = time.monotonic()
        return self._verdict

    async def _look(self) -> Verdict:
        data, layer_works = await asyncio.gather(self._look_at_data(), self._layer.works())
        return {**data, "channel_layer": layer_works}

    async def _look_at_data(self) -> Verdict:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE):
                return await loop.run_in_executor(self._executor, _look_at_data_alone)
        except TimeoutError:
            logger.warning("Not ready: the database does not answer.")
            return {"database": False, "migrations": False, "data_folder": False}


class LayerProbe:
    """Send a message to ourselves through the channel layer."""

    def __init__(self) -> None:
        # One channel for all probes: some layers keep a subscription for each.
        self._channel = ""

    async def works(self) -> bool:
        layer = get_channel_layer()
        if layer is None:
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                self._channel = self._channel or await layer.new_channel("readyz")
                nonce = secrets.token_hex(8)
                await layer.send(self._channel, {"type": "readyz", "nonce": nonce})
                while (await layer.receive(self._channel))["nonce"] != nonce:
                    pass
        except Exception as error:  # noqa: BLE001 - whatever a layer raises, it does not work
            logger.warning("Not ready: the channel layer failed with %s.", type(error).__name__)
            self._channel = ""
            return False
        return True


def answer(path: str) -> Answer:
    """Answer where there is no event loop of a server."""
    if path == "/healthz":
        return _alive()
    layer_works = async_to_sync(LayerProbe().works)()
    return _ready({**_look_at_data(), "channel_layer": layer_works})


def _alive() -> Answer:
    return Answer(200, HEADERS, b'{"status":"ok"}')


def _ready(verdict: Verdict, *, is_limited: bool = True) -> Answer:
    """Return the answer that names each part, and says no more about it."""
    works = all(verdict.values())
    body = {
        "status": "ok" if works else "unavailable",
        "checks": {part: "ok" if good else "failed" for part, good in verdict.items()},
        # It works without, so this is no reason to send nothing here.
        **({} if is_limited else {"limits": "missing"}),
    }
    return Answer(200 if works else 503, HEADERS, json.dumps(body, separators=(",", ":")).encode())


def _look_at_data() -> Verdict:
    """Ask the database which migrations it has, and write now and then."""
    try:
        applied = MigrationRecorder(connection).applied_migrations()
        # Without migrations there is no table to try it on, and nothing is ready anyhow.
        takes_writes = not applied or _database_takes_writes()
    except Exception as error:  # noqa: BLE001 - whatever a driver raises, it does not answer
        logger.warning("Not ready: the database failed with %s.", type(error).__name__)
        return {"database": False, "migrations": False, "data_folder": _folder_takes_writes()}
    return {
        "database": takes_writes,
        "migrations": all(leaf in applied for leaf in _newest()),
        "data_folder": _folder_takes_writes(),
    }


class NowAndThen:
    """Ask a question at most every so many seconds, and remember the answer meanwhile."""

    def __init__(self, ask: Callable[[], bool]) -> None:
        self._ask = ask
        self._answer = False
        self._asked_at = 0.0

    def __call__(self) -> bool:
        # What has failed is asked again at once.
        is_old = time.monotonic() - self._asked_at > WRITTEN_EVERY
        if not self._asked_at or not self._answer or is_old:
            self._answer = self._ask()
            self._asked_at = time.monotonic()
        return self._answer


@NowAndThen
def _database_takes_writes() -> bool:
    """Delete no row: that fails where nothing can be written, and leaves nothing behind."""
    try:
        with without_waiting(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE id < 0")
    except DatabaseError as error:
        if is_held(error):
            # Somebody writes, which proves it as well.
            return True
        logger.warning("Not ready: the database takes no writes (%s).", in_one_line(error))
        return False
    return True


@NowAndThen
def _folder_takes_writes() -> bool:
    """Write a small file where uploads, and SQLite's database, are."""
    try:
        with tempfile.TemporaryFile(dir=settings.DATA_DIR) as file:
            file.write(b"\0" * WRITTEN)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        logger.warning("Not ready: nothing can be written into the data folder (%s).", error)
        return False
    return True


def _look_at_data_alone() -> Verdict:
    """Look from a thread of our own, which leaves no connection behind."""
    try:
        return _look_at_data()
    finally:
        connections.close_all()


@cache
def _newest() -> list[tuple[str, str]]:
    """Return the last migration of each app, as this program's files have them."""
    return list(MigrationLoader(None).graph.leaf_nodes())
