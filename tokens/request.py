"""What we know about a request beside what Django knows."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from tokens.models import AccessToken


def attach(request: Any, token: AccessToken, person: User | None = None) -> None:
    """Make the token that a request came with known to the request and to its person."""
    request.access_token = token
    (person or token.user).access_token = token  # type: ignore[attr-defined]
