"""Refused calls that name no token: counted in memory, written now and then by a thread."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from django.conf import settings
from django.db import Error, connections

from accounts.addresses import throttle_address
from tokens.errors import Refused
from tokens.models import RefusedCalls
from tokens.models.refused_calls import RefusedKey, Seen
from tokens.verification.call import Call


def counted(call: Call, refusal: Refused) -> Refused:
    """Count a refusal that names no token, by address and minute, and return it; no query."""
    refused_calls.add(
        address=throttle_address(call.address),
        cause=refusal.cause,
        rule=refusal.rule,
        kind=call.kind,
        origin=call.seen,
    )
    return refusal


MOST_KEYS = 1000
LONGEST_GOODBYE = 5.0
logger = logging.getLogger(__name__)


class RefusedCounter:
    """Counts by key. Beyond `MOST_KEYS` the addresses of new keys are no longer told apart."""

    def __init__(self) -> None:
        self._counts: dict[RefusedKey, Seen] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._end = threading.Event()

    def add(self, *, address: str, cause: str, rule: str, kind: str, origin: str) -> None:
        """Count a call; costs no query and never waits for one."""
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        with self._lock:
            self._add(RefusedKey(minute, address, cause, rule, kind), Seen(1, origin[:300]))
            self._begin()

    def write(self) -> None:
        """Write what was counted; what the database does not take waits for the next time."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            RefusedCalls.objects.add_up(counts)
        except Error:
            logger.warning("Refused calls could not be written and are kept.", exc_info=True)
            with self._lock:
                for key, seen in counts.items():
                    self._add(key, seen)

    def stop(self) -> None:
        """End the writing thread and write what is left, in a thread that may use the database."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(LONGEST_GOODBYE)
        self._write_alone()

    def _add(self, key: RefusedKey, seen: Seen) -> None:
        if key not in self._counts and len(self._counts) >= MOST_KEYS:
            first = next(iter(self._counts)).minute
            key = RefusedKey(first, "", key.cause, key.rule, key.kind)
        self._counts[key] = self._counts.get(key, Seen(0, "")).plus(*seen)

    def _begin(self) -> None:
        """Start the writing thread with the first count, and again where a fork has lost it."""
        every: float = settings.REFUSED_CALLS_WRITTEN_EVERY
        if not every or self._end.is_set() or (self._thread and self._thread.is_alive()):
            return
        self._thread = threading.Thread(
            target=self._go_on, args=(every,), name="refused-calls", daemon=True
        )
        self._thread.start()

    def _go_on(self, every: float) -> None:
        while not self._end.wait(every):
            self._write_alone()

    def _write_alone(self) -> None:
        try:
            self.write()
        finally:
            connections.close_all()


refused_calls = RefusedCounter()
