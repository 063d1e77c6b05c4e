"""Read the configuration: `value("reopen_window_days")`.

The whole table is read at once, and again when the last reading is older than 5 seconds, so that
every process follows a change made in another one while a read costs no query.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from configuration.declared import SETTINGS, find

LONGEST_AGE_SECONDS = 5.0

logger = logging.getLogger(__name__)


def value(key: str) -> Any:
    """Return the present value of a declared setting; raises UnknownSetting for any other key."""
    find(key)
    return values()[key]


def remembered(key: str) -> Any:
    """Return the value as last read, without asking a database that may be what has failed."""
    return _reading.remembered().get(key, find(key).default)


def values() -> Mapping[str, Any]:
    """Return all present values by key."""
    return _reading.values()


def from_stored(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each setting: the stored one where there is a good one, or the default."""
    return {
        key: _good_or_default(key, stored[key]) if stored.get(key) is not None else setting.default
        for key, setting in SETTINGS.items()
    }


def _good_or_default(key: str, stored: Any) -> Any:
    try:
        return SETTINGS[key].clean(stored)
    except ValidationError as error:
        logger.warning(
            "The stored value of the setting %s is not valid and the default is used: %s",
            key,
            "; ".join(error.messages),
        )
        return SETTINGS[key].default


class Reading:
    """The last reading of the table, shared by the threads of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: Mapping[str, Any] | None = None
        self._read_at = 0.0
        # Grows with each write, so that a slow reader cannot put back what it read before it.
        self._generation = 0
        self._here = threading.local()

    def values(self) -> Mapping[str, Any]:
        if self._has_uncommitted_write():
            # Other threads must not see it yet, and it may still be rolled back.
            return read_table()
        present = self._values
        if present is not None and time.monotonic() - self._read_at < LONGEST_AGE_SECONDS:
            return present
        return self._read_again()

    def remembered(self) -> Mapping[str, Any]:
        return self._values or {}

    def _read_again(self) -> Mapping[str, Any]:
        generation, now = self._generation, time.monotonic()
        fresh = read_table()
        with self._lock:
            if generation == self._generation:
                self._values, self._read_at = fresh, now
        return fresh

    def _has_uncommitted_write(self) -> bool:
        if not getattr(self._here, "wrote", False):
            return False
        self._here.wrote = connection.in_atomic_block
        return self._here.wrote

    def note_write(self) -> None:
        """Make this thread see its write now, and the others as soon as it is committed."""
        self._here.wrote = True
        transaction.on_commit(self.forget)

    def forget(self) -> None:
        """Read the table again at the next call."""
        with self._lock:
            self._generation += 1
            self._values = None
        self._here.wrote = False

    def suppose(self, stored: Mapping[str, Any]) -> None:
        """Take `stored` for what the table holds, as if it had been read this moment."""
        self.forget()
        with self._lock:
            self._values, self._read_at = from_stored(stored), time.monotonic()


def read_table() -> dict[str, Any]:
    """Return all present values by key, straight from the database."""
    # The models announce their writes here, so they cannot be imported at the top.
    from configuration.models import ConfigurationValue

    return from_stored(dict(ConfigurationValue.objects.values_list("key", "value")))


_reading = Reading()
note_write = _reading.note_write
forget = _reading.forget
suppose = _reading.suppose
