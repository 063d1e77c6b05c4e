"""What we stand on may be away, locked or full. That passes by itself and is no fault of a call."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError, OperationalError, connection

# Seconds until a call is worth sending again.
RETRY_AFTER = 5

# SQLite: busy, locked, out of memory, read-only, I/O, full, cannot be opened, lock protocol. Its
# plain "error" is a statement of ours that is wrong.
_HELD = frozenset({5, 6})
_SQLITE = _HELD | {7, 8, 10, 13, 14, 15}
# Classes of SQLSTATE: connection, transaction rolled back, resources, not in the right state,
# intervention of the operator, system; and a server that may only be read.
_POSTGRESQL = ("08", "40", "53", "55", "57", "58", "25006")
_SYSTEM = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
)


def is_outage(error: BaseException | None) -> bool:
    """Return whether the database, or the disk, cannot do now what it could at another time."""
    if isinstance(error, OSError):
        return error.errno in _SYSTEM
    if not isinstance(error, DatabaseError | InterfaceError):
        return False
    if (code := _sqlite_code(error)) is not None:
        return code in _SQLITE
    if state := getattr(error.__cause__, "sqlstate", None):
        return state.startswith(_POSTGRESQL)
    # Where no server has answered there is no code.
    return isinstance(error, OperationalError | InterfaceError)


def is_held(error: BaseException) -> bool:
    """Return whether another writer of SQLite is at work."""
    return _sqlite_code(error) in _HELD


@contextmanager
def without_waiting() -> Iterator[None]:
    """Let SQLite refuse at once what would have to wait for another writer."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    database = connection.connection
    # Not through Django, for which these would be queries.
    (patience,) = database.execute("PRAGMA busy_timeout").fetchone()
    database.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        # It may have been closed by what went wrong.
        with suppress(sqlite3.ProgrammingError):
            database.execute(f"PRAGMA busy_timeout = {patience}")


def _sqlite_code(error: BaseException) -> int | None:
    code: int | None = getattr(error.__cause__, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def in_one_line(error: BaseException) -> str:
    """Return what to log of an outage; where in our code it was met says nothing."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"
