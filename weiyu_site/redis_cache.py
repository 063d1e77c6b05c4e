"""Django's Redis cache with fewer trips: each call of the API counts itself there."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.core.cache.backends.redis import RedisCache as StockRedisCache
from django.core.cache.backends.redis import RedisCacheClient

# A counter that is not there is not begun; Django asks for that in a trip of its own.
COUNT_UP = "return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('INCRBY', KEYS[1], ARGV[1])"


class OneTripClient(RedisCacheClient):
    """Keep the client, which takes as long to make as a trip, and count up in one trip."""

    _kept: Any = None

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        # There is one server (WEIYU_REDIS_URL), so it is the same for all keys.
        if self._kept is None:
            self._kept = super().get_client(key, write=write)
        return self._kept

    def incr(self, key: Any, delta: int) -> Any:
        counted = self.get_client(key, write=True).eval(COUNT_UP, 1, key, delta)
        if counted is None:
            raise ValueError(f"Key '{key}' not found.")
        return counted


class RedisCache(StockRedisCache):
    """Django makes a cache for each call, so the client, with its connections, outlives it."""

    @property
    def _cache(self) -> OneTripClient:
        return _client(*self._servers)  # type: ignore[attr-defined]  # django-stubs lack it


@cache
def _client(*servers: str) -> OneTripClient:
    """Return the one client of this process; its pool serves all threads."""
    return OneTripClient(list(servers))
