"""DRF throttle: calls per minute of each token, or of each person in a session."""

from __future__ import annotations

import time
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from configuration.values import value
from tokens.request import token_request
from tokens.verification.rates import WINDOW, count


class TokenRateThrottle(BaseThrottle):
    """Allow each credential `api_rate_per_minute` calls; `request.rate` tells the headers."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return True
        limit = value("api_rate_per_minute")
        window, left = divmod(time.time(), WINDOW)
        token = token_request(request).access_token
        caller = f"token.{token.pk}" if token else f"user.{request.user.pk}"
        used = count(f"tokens.rate.{caller}.{int(window)}")
        self._left = WINDOW - left
        token_request(request).rate = (limit, max(limit - used, 0), int(self._left))
        return bool(used <= limit)

    def wait(self) -> float:
        return self._left
