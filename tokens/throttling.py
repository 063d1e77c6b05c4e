"""Rates: fixed windows of a minute in the shared cache, one counter for each token or person."""

from __future__ import annotations

import time
from typing import Any

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

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


class TokenRateThrottle(BaseThrottle):
    """Allow each credential `api_rate_per_minute` calls; `request.rate` tells the headers."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return True
        limit = value("api_rate_per_minute")
        window, left = divmod(time.time(), WINDOW)
        key = f"tokens.rate.{self._caller(request)}.{int(window)}"
        used = count(key)
        self._left = WINDOW - left
        request._request.rate = (limit, max(limit - used, 0), int(self._left))  # type: ignore[attr-defined]
        return bool(used <= limit)

    def wait(self) -> float:
        return self._left

    def _caller(self, request: Request) -> str:
        token = getattr(request, "access_token", None)
        return f"token.{token.pk}" if token else f"user.{request.user.pk}"
