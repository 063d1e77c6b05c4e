"""Django's Redis cache: in fewer trips, for each call of the API counts itself there, and with a
memory of this process in its place while Redis does not answer.

So nothing fails with Redis, and nothing becomes unlimited either: each process counts for itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache as StockRedisCache
from django.core.cache.backends.redis import RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError
from redis.retry import Retry

from records.outages import in_one_line

logger = logging.getLogger(__name__)

# A counter that is not there is not begun; Django asks for that in a trip of its own.
COUNT_UP = "return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('INCRBY', KEYS[1], ARGV[1])"
# Seconds: how long a trip may take, and how long nobody tries again after one that failed.
PATIENCE = 0.5
PAUSE = 2.0
# As many as without any Redis (weiyu_site/settings.py).
MOST_ENTRIES = 100_000


class Outage:
    """Whether Redis is away. While it is, one call in a while tries it, and no other waits."""

    def __init__(self) -> None:
        self._began_at: float | None = None
        self._again_at = 0.0
        self._lock = threading.Lock()

    def may_try(self) -> bool:
        if self._began_at is None:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._again_at:
                return False
            self._again_at = now + PAUSE
            return True

    def begin(self, error: RedisError) -> None:
        with self._lock:
            now = time.monotonic()
            self._again_at = now + PAUSE
            if self._began_at is not None:
                return
            self._began_at = now
        logger.warning(
            "Redis is away, so this process counts calls and wrong credentials for itself: %s",
            in_one_line(error),
        )

    def end(self) -> None:
        if self._began_at is None:
            return
        with self._lock:
            began_at, self._began_at = self._began_at, None
        if began_at is not None:
            logger.warning("Redis is back after %.0f s.", time.monotonic() - began_at)


class OneTripClient(RedisCacheClient):
    """Keep the client, which takes as long to make as a trip, and count up in one trip."""

    _kept: Any = None

    def __init__(self, servers: list[str]) -> None:
        # Once more at once, for Redis has closed what it held before a restart; but never wait
        # twice. An address may name other times (`?socket_timeout=2`).
        once_more = Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,))
        super().__init__(
            servers, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=once_more
        )
        self.outage = Outage()

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


def _asked(name: str) -> Callable[..., Any]:
    """Return the method that asks Redis, and the memory of this process where it is away."""

    def method(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        outage = self._cache.outage
        if outage.may_try():
            try:
                found = getattr(StockRedisCache, name)(self, *args, **kwargs)
            except RedisError as error:
                outage.begin(error)
            except ValueError:
                # There is no such counter, which is an answer.
                outage.end()
                raise
            else:
                outage.end()
                return found
        return getattr(self._meanwhile, name)(*args, **kwargs)

    method.__name__ = name
    return method


class RedisCache(StockRedisCache):
    """Django makes a cache for each call, so the client, with its connections, outlives it."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._meanwhile = LocMemCache(server, {**params, "OPTIONS": {"MAX_ENTRIES": MOST_ENTRIES}})

    @property
    def _cache(self) -> OneTripClient:
        return _client(*self._servers)  # type: ignore[attr-defined]  # django-stubs lack it

    add = _asked("add")
    get = _asked("get")
    set = _asked("set")
    touch = _asked("touch")
    delete = _asked("delete")
    get_many = _asked("get_many")
    set_many = _asked("set_many")
    delete_many = _asked("delete_many")
    has_key = _asked("has_key")
    incr = _asked("incr")
    clear = _asked("clear")


@cache
def _client(*servers: str) -> OneTripClient:
    """Return the one client of this process; its pool serves all threads."""
    return OneTripClient(list(servers))
