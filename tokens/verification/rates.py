"""Rates: fixed windows of a minute in the shared cache."""

from __future__ import annotations

import time

from django.core.cache import cache

from accounts.addresses import throttle_address
from configuration.values import value

WINDOW = 60


def count(key: str) -> int:
    """Count once more under `key` and return how often that was in its window."""
    try:
        return cache.incr(key)
    except ValueError:
        # The first of a window begins it; whoever comes too late for that counts after all.
        return 1 if cache.add(key, 1, timeout=WINDOW) else count(key)


def failed_too_often(address: str) -> int:
    """Count a failed credential of an address; return how many seconds to wait, 0 while few fail.

    Good credentials are never counted, so they always pass.
    """
    now = time.time()
    key = f"tokens.failed.{throttle_address(address)}.{int(now // WINDOW)}"
    is_many = count(key) > value("failed_credentials_per_minute")
    return int(WINDOW - now % WINDOW) + 1 if is_many else 0
