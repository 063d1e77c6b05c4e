"""The Redis cache of a test run: it empties its own keys, never a database of somebody else."""

from __future__ import annotations

from weiyu_site.redis_cache import RedisCache


class OwnKeysRedisCache(RedisCache):
    def clear(self) -> bool:
        """Delete the keys under this run's prefix; the stock one flushes the whole database."""
        client = self._cache.get_client(write=True)
        if keys := list(client.scan_iter(match=f"{self.key_prefix}:*", count=1000)):
            client.delete(*keys)
        return True
