"""DRF authentication: by the token itself, or by the session of our own pages."""

from __future__ import annotations

from typing import Any

from rest_framework import authentication
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.models import User
from tokens.errors import Refused
from tokens.models import AccessToken
from tokens.request import attach, token_request
from tokens.verification.call import Call
from tokens.verification.credentials import bearer_of
from tokens.verification.rates import failed_too_often
from tokens.verification.refused_counter import counted
from tokens.verification.verify import verify


class BearerAuthentication(JWTAuthentication):
    """simplejwt's header handling in front of our own verification.

    A bearer is judged alone: a bad one is 401, whatever cookie came with it.
    """

    def authenticate(  # type: ignore[override]  # our row stands where simplejwt has its claims
        self, request: Request
    ) -> tuple[User, AccessToken] | None:
        header, call = self.get_header(request), Call.of_api(request._request)
        secret = _secret_in(header, call) if header else None
        if secret is None:
            return None
        try:
            token = verify(secret, call)
        except Refused as refusal:
            if refusal.status == 401 and (wait := failed_too_often(call.address)):
                raise Throttled(wait=wait) from refusal
            raise
        attach(token_request(request), token)
        return token.user, token


class SessionAuthentication(authentication.SessionAuthentication):
    """The cookie of our own pages, with CSRF; says why when the session's token has ended."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        ours = token_request(request)
        if ours.ended:
            raise Refused(ours.ended)
        found = super().authenticate(request)
        return None if found is None else (found[0], ours.access_token)


def _secret_in(header: bytes, call: Call) -> str | None:
    """Return the token of a Bearer header (the scheme in any case), None for other schemes."""
    secret = bearer_of(header.decode("latin-1"))
    if secret is not None and "," in secret and secret.lower().count("bearer"):
        raise counted(call, Refused("token-doubled"))
    return secret
