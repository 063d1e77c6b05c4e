"""Writes that no caller waits for: what is noted about a call must not keep it from its answer.

SQLite lets one writer in at a time. While another one is at work, or the database is away, a thread
of this process writes as soon as it can.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable

from django.db import Error, connections

from records.outages import is_outage, without_waiting

logger = logging.getLogger(__name__)

MOST_LEFT = 1000
# Seconds.
PAUSE = 1.0
LONGEST_GOODBYE = 5.0

Write = Callable[[], None]


class DeferredWrites:
    """What is left to write, by key: a later write under the same key replaces the former."""

    def __init__(self) -> None:
        self._left: dict[Hashable, Write] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._end = threading.Event()

    def write(self, key: Hashable, write: Write) -> None:
        """Write now if nothing is in the way, else later; fails no call."""
        try:
            with without_waiting():
                write()
        except Error as error:
            if is_outage(error):
                self._leave(key, write)
            else:
                logger.exception("%s could not be noted.", key)

    def stop(self) -> None:
        """Write what is left, and end the thread."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(LONGEST_GOODBYE)

    def _leave(self, key: Hashable, write: Write) -> None:
        with self._lock:
            if key not in self._left and len(self._left) >= MOST_LEFT:
                logger.warning("More than %d uses of tokens wait to be noted.", MOST_LEFT)
                return
            self._left[key] = write
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._go_on, name="deferred", daemon=True)
                self._thread.start()

    def _go_on(self) -> None:
        """Try again and again, until nothing is left."""
        while True:
            is_last = self._end.wait(PAUSE)
            try:
                self._write_all()
            finally:
                connections.close_all()
            with self._lock:
                if not self._left or is_last:
                    # Whoever leaves something after this starts another thread.
                    self._thread = None
                    return

    def _write_all(self) -> None:
        with self._lock:
            left = [*self._left.items()]
        for key, write in left:
            try:
                write()
            except Error as error:
                if is_outage(error):
                    return
                logger.exception("%s could not be noted.", key)
            with self._lock:
                if self._left.get(key) is write:
                    del self._left[key]


deferred_writes = DeferredWrites()
