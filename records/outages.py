"""What we stand on may be away, locked or full. That passes by itself and is no fault of a call."""

from __future__ import annotations

import errno

from django.db import DatabaseError, InterfaceError, OperationalError

# Seconds until a call is worth sending again.
RETRY_AFTER = 5

# SQLite: busy, locked, out of memory, read-only, I/O, full, cannot be opened, lock protocol. Its
# plain "error" is a statement of ours that is wrong.
_SQLITE = frozenset({5, 6, 7, 8, 10, 13, 14, 15})
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
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE
    if state := getattr(error.__cause__, "sqlstate", None):
        return state.startswith(_POSTGRESQL)
    # Where no server has answered there is no code.
    return isinstance(error, OperationalError | InterfaceError)


def in_one_line(error: BaseException) -> str:
    """Return what to log of an outage; where in our code it was met says nothing."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"
