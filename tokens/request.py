"""What we know about a request beside what Django knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.models import User
    from tokens.models import AccessToken

# What our sessions keep, beside what Django keeps there.
TOKEN_KEY = "_access_token_id"
GRANT_KEY = "_grant"
ENDED_KEY = "_ended"
PROLONGED_KEY = "_prolonged_at"
PENDING_KEY = "_pending_login"
CONFIRMED_KEY = "_password_confirmed_at"
FORM_KEYS = "_token_forms"


def attach(request: Any, token: AccessToken, person: User | None = None) -> None:
    """Make the token that a request came with known to the request and to its person."""
    request.access_token = token
    (person or token.user).access_token = token  # type: ignore[attr-defined]
