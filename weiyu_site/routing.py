"""Where sockets are; the rooms' own come before the last line."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from django.urls import re_path

from weiyu_site.channel_layer import AWAY

NOT_FOUND = 4404
# "Try again later", in the registry of close codes.
UNAVAILABLE = 1013

logger = logging.getLogger(__name__)


class NoSuchSocket(AsyncWebsocketConsumer):
    """Close a socket that was opened at an address where none is."""

    async def connect(self) -> None:
        # Only an accepted socket can be told a code of ours.
        await self.accept()
        await self.close(code=NOT_FOUND)


websocket_urlpatterns = [
    re_path(r"", NoSuchSocket.as_asgi()),
]


class Sockets:
    """Hand each socket to its consumer, and say so where the channel layer is away."""

    def __init__(self) -> None:
        self._router = URLRouter(websocket_urlpatterns)

    async def __call__(
        self,
        scope: Any,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        accepted = False

        async def note(message: Any) -> None:
            nonlocal accepted
            accepted = accepted or message["type"] == "websocket.accept"
            await send(message)

        try:
            await self._router(scope, receive, note)
        except AWAY as error:
            logger.warning("A socket was closed, for the channel layer is away.", exc_info=error)
            if not accepted:
                # Only an accepted socket can be told a code.
                await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": UNAVAILABLE, "reason": "unavailable"})
