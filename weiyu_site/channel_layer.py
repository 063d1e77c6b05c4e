"""The channel layer on Redis, which tells within a moment that Redis is away or says nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer
from redis.exceptions import RedisError

# What it raises then.
AWAY = (RedisError, TimeoutError, ConnectionError)
PATIENCE = 1.0  # seconds


class RedisChannelLayer(RedisPubSubChannelLayer):
    """Wait in `receive` alone, which is what that is for."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        # To a group of nobody: subscribing alone would not notice a Redis that says nothing.
        await self.group_send("nobody", {"type": "are.you.there"})
        return str(await self._soon("new_channel", prefix))

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._soon("send", channel, message)

    async def group_add(self, group: str, channel: str) -> None:
        await self._soon("group_add", group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._soon("group_discard", group, channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._soon("group_send", group, message)

    async def _soon(self, name: str, *args: Any) -> Any:
        async with asyncio.timeout(PATIENCE):
            return await getattr(self._get_layer(), name)(*args)
