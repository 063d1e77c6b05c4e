"""Requests that take turns at the threads.

Threads that compute run one at a time in any case, for Python has one lock. Where several are at it
they change places in the middle of their work, each takes as long as all together, and the event
loop waits behind them. So one request runs at a time, in the order in which they came; one that
takes long lets the next one in beside it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# Nearly all requests take less (seconds); what takes more mostly waits for something else.
PATIENCE = 0.03


class Turns:
    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_free = True

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until it is the caller's turn; it ends with the block, or when it takes long."""
        await self._take()
        has_passed = False

        def pass_early() -> None:
            nonlocal has_passed
            has_passed = True
            self._pass_on()

        timer = asyncio.get_running_loop().call_later(self.patience, pass_early)
        try:
            yield
        finally:
            timer.cancel()
            if not has_passed:
                self._pass_on()

    async def _take(self) -> None:
        if self._is_free:
            self._is_free = False
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            # The turn may have come just before.
            if place.done() and not place.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._is_free = True
