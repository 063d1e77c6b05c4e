"""AccessTokens, the sessions they open, and the audit of what happened to them, by noun."""

from __future__ import annotations

from tokens.models.access_token import SHORTEST_LIFE, AccessToken
from tokens.models.audit import Denial, TokenEvent, TokenEventQuerySet
from tokens.models.expiry_notice import ExpiryNotice
from tokens.models.login_code import LoginCode
from tokens.models.querysets import AccessTokenQuerySet
from tokens.models.refused_calls import RefusedCalls
from tokens.models.session import Session
from tokens.models.states import EXPIRING_WITHIN, TokenState

__all__ = [
    "EXPIRING_WITHIN",
    "SHORTEST_LIFE",
    "AccessToken",
    "AccessTokenQuerySet",
    "Denial",
    "ExpiryNotice",
    "LoginCode",
    "RefusedCalls",
    "Session",
    "TokenEvent",
    "TokenEventQuerySet",
    "TokenState",
]
