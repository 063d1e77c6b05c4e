"""Read the configuration, `value("reopen_window_days")`, and write it: `assign({…}, by=actor)`.

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
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from configuration.declared import SETTINGS, check_together, find
from configuration.models import DEFAULT, ConfigurationValue
from records.errors import Forbidden, check_version

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
    return from_stored(dict(ConfigurationValue.objects.values_list("key", "value")))


_reading = Reading()
forget = _reading.forget
suppose = _reading.suppose


def assign(
    changes: Mapping[str, Any], *, by: Actor, expected_versions: Mapping[str, int] | None = None
) -> list[str]:
    """Write all `changes` by key, or none; return the keys whose value became another.

    Raises UnknownSetting, ValidationError (by key), Forbidden and Stale.
    """
    if by.has_token and any(find(key).security for key in changes):
        message = _(
            "This setting concerns security, so no token can write it. Change it in the "
            "admin, signed in by password."
        )
        raise Forbidden(message, code="security-setting")
    cleaned, versions = _cleaned(changes), expected_versions or {}
    with transaction.atomic():
        # One order for all writers, so that two of them cannot lock each other out.
        changed = [
            key for key in sorted(cleaned) if _write(key, cleaned[key], versions.get(key), by=by)
        ]
        if changed:
            _reading.note_write()
            check_together(read_table())
    return changed


def _cleaned(changes: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    errors: dict[str, ValidationError] = {}
    for key, value in changes.items():
        try:
            cleaned[key] = DEFAULT if value is DEFAULT else find(key).clean(value)
        except ValidationError as error:
            errors[key] = error
    if errors:
        raise ValidationError(errors)
    return cleaned


def _write(key: str, value: Any, expected_version: int | None, *, by: Actor) -> bool:
    row, _made = ConfigurationValue.objects.select_for_update().get_or_create(key=key)
    check_version(row, expected_version, _("Somebody changed this setting since you read it."))
    return row.take(value, by=by)
