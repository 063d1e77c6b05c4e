"""The password again, in a session that a token opened."""

from __future__ import annotations

import time
from urllib.parse import quote

from django.http import HttpRequest

from tokens.request import CONFIRMED_KEY, TokenRequest

CONFIRMED_FOR = 15 * 60  # seconds


def password_needed(request: TokenRequest) -> bool:
    """Return whether the session came by a token and gave no password in the last 15 minutes."""
    if request.access_token is None:
        return False
    return bool(request.session.get(CONFIRMED_KEY, 0) < time.time() - CONFIRMED_FOR)


def confirm_url(request: HttpRequest) -> str:
    return f"/admin/auth/confirm?next={quote(request.get_full_path())}"
