"""Connections that the database has closed while they lay idle, as it does when it restarts.

Found here they are opened again and the call knows nothing of it. A connection that is lost in the
middle of a call is not tried again: what was sent may have been done, which only the caller can
judge. That call is a 503, and Django closes the connection at its end.
"""

from __future__ import annotations

import select
from typing import Any

from django.db import connections


def close_lost(**_: Any) -> None:
    """Close what ended since the last call of this thread; costs no trip to the database."""
    for connection in connections.all(initialized_only=True):
        if connection.vendor != "postgresql" or connection.in_atomic_block:
            continue
        if connection.connection is not None and _has_something_to_read(connection.connection):
            connection.close()


def _has_something_to_read(connection: Any) -> bool:
    """Return whether an idle connection has been told something: its end, with few exceptions."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
