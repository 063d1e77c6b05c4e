"""Refuse sockets that are not for us, before Channels sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.http.request import split_domain_port, validate_host

Message = MutableMapping[str, Any]

NOT_FOUND = 4404


def is_allowed(host: str, allowed_hosts: Sequence[str]) -> bool:
    """Return whether the Host header names this site."""
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, list(allowed_hosts))


async def refuse(
    receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Refuse the handshake; the server makes it a 403."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})


class NoSuchSocket(AsyncWebsocketConsumer):
    """Close a socket that was opened at an address where none is."""

    async def connect(self) -> None:
        # Only an accepted socket can be told a code of ours.
        await self.accept()
        await self.close(code=NOT_FOUND)
