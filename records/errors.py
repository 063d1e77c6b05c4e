"""What domain methods refuse, and the one table of what each refusal means to callers.

A refusal has a status (of HTTP, for API and pages alike), a code for programs and a sentence for
people. Rooms give their own codes to the three classes here, or subclass them where somebody
catches the one refusal. Bad input is Django's ValidationError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Conflict(Exception):
    """The object's state forbids the change; nothing was changed.

    `details` stand beside the code and the message in the answer of the API.
    """

    status = 409

    def __init__(self, message: str | Promise, *, code: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details


class Stale(Conflict):
    """Somebody changed the object since the caller read it."""

    status = 412

    def __init__(
        self, message: str | Promise, *, code: str = "stale-version", **details: Any
    ) -> None:
        super().__init__(message, code=code, **details)


class Forbidden(PermissionDenied):
    """The caller may not do this; nothing was changed."""

    def __init__(self, message: str | Promise, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def invalid_field(
    name: str, message: str | _StrPromise, code: str, **params: object
) -> ValidationError:
    """Return the error to raise about one field of the input or one parameter of the address."""
    return ValidationError({name: ValidationError(message, code=code, params=params)})


Refusal = Conflict | PermissionDenied | ValidationError
REFUSALS = (Conflict, PermissionDenied, ValidationError)


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal: 400, 403, 409 or 412."""
    if isinstance(refusal, Conflict):
        return refusal.status
    return 403 if isinstance(refusal, PermissionDenied) else 400


def code_of(refusal: Refusal) -> str:
    """Return the word that programs match on; of bad input each field has one of its own."""
    default = "forbidden" if isinstance(refusal, PermissionDenied) else "invalid"
    return as_code(getattr(refusal, "code", None) or default)


def as_code(code: str) -> str:
    """Return the one spelling of codes: words joined by hyphens."""
    return code.replace("_", "-")


def sentence_of(refusal: Refusal) -> str:
    """Return what to tell people."""
    if isinstance(refusal, ValidationError):
        return " ".join(refusal.messages)
    return str(refusal) or _("You may not do this.")


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
