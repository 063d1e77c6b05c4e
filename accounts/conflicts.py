"""Refusals that come from the state of an object, not from the input."""

from __future__ import annotations

from typing import Any


class Conflict(Exception):
    """The object's state forbids the change; nothing was changed. HTTP: 409.

    `code` is for programs, the message for people, `details` go beside them.
    """

    def __init__(self, message: str, *, code: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details


class Stale(Conflict):
    """Somebody changed the object since the caller read it. HTTP: 412."""

    def __init__(self, message: str, *, code: str = "stale-version", **details: Any) -> None:
        super().__init__(message, code=code, **details)
