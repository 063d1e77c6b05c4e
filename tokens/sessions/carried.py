"""Sessions of frames whose browser keeps no cookie: the key stays with the frame's own scripts.

It is a short bearer, bound to the token's row like any session, and prolonged while it is used.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from tokens.request import PROLONGED_KEY

# The scripts of an open page call more often than that.
LIFE = 30 * 60  # seconds
PROLONG_EVERY = 5 * 60


def limit(session: SessionBase, *, carried: bool) -> None:
    """Let a session end in time.

    The token's end is none of its own: every click asks for it, and whoever comes after it is
    told so instead of finding no session at all.
    """
    session.set_expiry(LIFE if carried else settings.SESSION_COOKIE_AGE)


def prolong(session: SessionBase) -> None:
    """Give a session in use its whole time again, with one write every few minutes."""
    now = time.time()
    if session.get(PROLONGED_KEY, 0) < now - PROLONG_EVERY:
        limit(session, carried=True)
        session[PROLONGED_KEY] = now
