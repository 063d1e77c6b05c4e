"""The id that joins an answer, its problem body and its log lines."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

# Threads started for a request inherit it; "" outside of any request.
current: ContextVar[str] = ContextVar("request_id", default="")

_ACCEPTABLE = re.compile(r"[A-Za-z0-9-]{1,64}")


def choose(inbound: str) -> str:
    """Keep the caller's id if it is harmless in a log, else make one."""
    if inbound and _ACCEPTABLE.fullmatch(inbound):
        return inbound
    return secrets.token_hex(8)
