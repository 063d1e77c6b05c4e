"""Session engine: Django's database sessions, which know the token that opened them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone
from django.utils.crypto import get_random_string

from tokens.models import AccessToken, Session
from tokens.request import TOKEN_KEY
from tokens.signing.digests import digest_of

MOST_SESSIONS_OF_A_TOKEN = 50


def row_key(session_key: str | None) -> str:
    """Return the primary key of a session's row: whoever reads the table opens no session."""
    return digest_of(session_key or "")[:40]


class SessionStore(DatabaseStore):
    """The key is in the cookie alone; the row has its digest."""

    _written: tuple[str | None, dict[str, Any]] | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        now = timezone.now()
        rows = Session.objects.filter(pk=row_key(self.session_key), expire_date__gt=now)
        row = rows.first()
        if row is None:
            self._session_key = None
        return row

    def _get_new_session_key(self) -> str:
        # 165 bits, of which nobody needs to ask whether they are taken: the insert would tell.
        return get_random_string(32, VALID_KEY_CHARS)

    def cycle_key(self) -> None:
        """Take another key; a session that has none yet gets one when it is saved."""
        if self.session_key is not None:
            super().cycle_key()

    def exists(self, session_key: str) -> bool:
        return super().exists(row_key(session_key))

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key is not None:
            super().delete(row_key(session_key))

    def save(self, must_create: bool = False) -> None:
        """Write what this call has not yet written.

        The middleware saves again what a login has saved. By then newer logins may have ended that
        session, which its first click is told; the login itself was good.
        """
        if must_create or self._written != (self.session_key, dict(self.items())):
            super().save(must_create)
            self._written = self.session_key, deepcopy(dict(self.items()))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.session_key = row_key(session.session_key)
        user_id = data.get(SESSION_KEY)
        session.user_id = int(user_id) if user_id else None
        session.access_token_id = data.get(TOKEN_KEY)
        return session


def end_oldest_sessions(token: AccessToken, *, beside: str | None) -> None:
    """Keep the session with the key `beside` and the newest others of a token, end the rest."""
    others = token.sessions.exclude(pk=row_key(beside)).order_by("-created_at", "-session_key")
    too_many = others[MOST_SESSIONS_OF_A_TOKEN - 1 :].values("pk")
    # What another login is just ending needs no second one to wait for it.
    ending = token.sessions.select_for_update(skip_locked=True).filter(pk__in=too_many)
    if keys := list(ending.values_list("pk", flat=True)):
        token.sessions.filter(pk__in=keys).delete()
