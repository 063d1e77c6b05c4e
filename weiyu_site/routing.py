"""Where sockets are; the rooms' own come before the last line."""

from __future__ import annotations

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import re_path

NOT_FOUND = 4404


class NoSuchSocket(AsyncWebsocketConsumer):
    """Close a socket that was opened at an address where none is."""

    async def connect(self) -> None:
        # Only an accepted socket can be told a code of ours.
        await self.accept()
        await self.close(code=NOT_FOUND)


websocket_urlpatterns = [
    re_path(r"", NoSuchSocket.as_asgi()),
]
