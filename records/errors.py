"""Refusals that come from the state of an object, not from the input."""

from __future__ import annotations

from typing import Any, Protocol

from django.core.exceptions import PermissionDenied
from django.utils.functional import Promise
from django.utils.translation import gettext as _


class Conflict(Exception):
    """The object's state forbids the change; nothing was changed. HTTP: 409.

    `code` is for programs, the message for people, `details` go beside them.
    """

    def __init__(self, message: str | Promise, *, code: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details


class Stale(Conflict):
    """Somebody changed the object since the caller read it. HTTP: 412."""

    def __init__(
        self, message: str | Promise, *, code: str = "stale-version", **details: Any
    ) -> None:
        super().__init__(message, code=code, **details)


class Forbidden(PermissionDenied):
    """The caller may not do this; nothing was changed. HTTP: 403 with `code`."""

    def __init__(self, message: str | Promise, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Versioned(Protocol):
    version: int


def check_version(
    row: Versioned, expected: int | None, message: str | Promise | None = None
) -> None:
    """Refuse to write over what the caller has not seen; call it with the row locked."""
    if expected is not None and expected != row.version:
        raise Stale(
            message or _("Somebody changed this in the meantime. Look at it again, then decide.")
        )
