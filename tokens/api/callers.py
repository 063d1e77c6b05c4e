"""Who makes a call of the API, for its rules that know no tokens (rest/callers.py)."""

from __future__ import annotations

from typing import cast

from rest_framework.request import Request

from accounts.models import User
from tokens.request import token_request
from tokens.scopes import granted
from tokens.signing.digests import digest_of


class TokenCaller:
    """A person with the token, or the session, that they came with."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._token = token_request(request).access_token

    def credential(self) -> str:
        if self._token is not None:
            return f"token:{self._token.pk}"
        # The key of a session is its secret.
        return f"session:{digest_of(str(self._request.session.session_key))}"

    def rights(self) -> list[str]:
        person = cast("User", self._request.user)
        return [person.role, *sorted(granted(person, self._token))]

    def headers(self) -> dict[str, str]:
        """Say how many calls are left (draft-ietf-httpapi-ratelimit-headers) and until when."""
        headers = {}
        if rate := token_request(self._request).rate:
            limit, left, seconds = rate
            headers["RateLimit-Policy"] = f'"minute";q={limit};w=60'
            headers["RateLimit"] = f'"minute";r={left};t={seconds}'
        if self._token is not None:
            headers["X-Token-Expires-At"] = f"{self._token.ends_at:%Y-%m-%dT%H:%M:%SZ}"
        return headers
