"""AccessTokens and their audit in the admin, by noun."""

from __future__ import annotations

from tokens.admin.access_token import AccessTokenAdmin
from tokens.admin.audit import TokenEventAdmin
from tokens.admin.denials import DenialAdmin, RefusedCallsAdmin

__all__ = [
    "AccessTokenAdmin",
    "DenialAdmin",
    "RefusedCallsAdmin",
    "TokenEventAdmin",
]
