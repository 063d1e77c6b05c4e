"""Tell lower rooms which event loop the server runs on; threads wake sockets through it.

A room that must know registers a function in `asgi.py`: `loops.listeners.append(live.keep_loop)`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

listeners: list[Callable[[asyncio.AbstractEventLoop], None]] = []


def announce(loop: asyncio.AbstractEventLoop) -> None:
    for listener in listeners:
        listener(loop)
