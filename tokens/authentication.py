"""DRF authentication: an AccessToken as bearer (RFC 6750), or the session of our own pages."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import authentication
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.models import User
from tokens.causes import Refused
from tokens.models import AccessToken
from tokens.throttling import failed_too_often
from tokens.verification import Call, counted, verify

_BLANKS = re.compile(r"[ \t]+")


class BearerAuthentication(JWTAuthentication):
    """simplejwt's header handling in front of our own verification.

    A bearer is judged alone: a bad one is 401, whatever cookie came with it.
    """

    def authenticate(  # type: ignore[override]  # our row stands where simplejwt has its claims
        self, request: Request
    ) -> tuple[User, AccessToken] | None:
        header, call = self.get_header(request), Call.of_api(request._request)
        try:
            secret = self.get_raw_token(header) if header else None
        except Refused as refusal:
            counted(call, refusal)
            raise
        if secret is None:
            return None
        try:
            token = verify(secret, call)
        except Refused as refusal:
            if refusal.status == 401:
                _refuse_too_many(request.META.get("REMOTE_ADDR", ""))
            raise
        attach(request._request, token)
        return token.user, token

    def get_raw_token(self, header: bytes) -> str | None:  # type: ignore[override]
        """Return the token of a Bearer header (the scheme in any case), None for other schemes."""
        secret = bearer_of(header.decode("latin-1"))
        if secret is None:
            return None
        if "," in secret and secret.lower().count("bearer"):
            raise Refused("token-doubled")
        return secret


def bearer_of(header: str) -> str | None:
    """Return what a Bearer header carries (the scheme in any case), None for other schemes."""
    # Blanks as HTTP knows them: Python would also strip letters such as a no-break space.
    scheme, *rest = _BLANKS.split(header.strip(" \t"), maxsplit=1)
    if scheme.lower() != "bearer":
        return None
    return rest[0] if rest else ""


class SessionAuthentication(authentication.SessionAuthentication):
    """The cookie of our own pages, with CSRF; says why when the session's token has ended."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        ended = getattr(request._request, "ended", None)
        if ended:
            raise Refused(ended)
        found = super().authenticate(request)
        if found is None:
            return None
        return found[0], request._request.access_token  # type: ignore[attr-defined]


def attach(request: Any, token: AccessToken, person: User | None = None) -> None:
    """Make the token that a request came with known to the request and to its person."""
    request.access_token = token
    (person or token.user).access_token = token  # type: ignore[attr-defined]


def _refuse_too_many(address: str) -> None:
    if wait := failed_too_often(address):
        raise Throttled(wait=wait)
