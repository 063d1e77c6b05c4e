"""Session engine: Django's database sessions, which know the token that opened them."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from tokens.models import AccessToken, Session
from tokens.request import TOKEN_KEY
from tokens.signing.digests import digest_of

MOST_SESSIONS_OF_A_TOKEN = 50


def row_key(session_key: str | None) -> str:
    """Return the primary key of a session's row: whoever reads the table opens no session."""
    return digest_of(session_key or "")[:40]


class SessionStore(DatabaseStore):
    """The key is in the cookie alone; the row has its digest."""

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

    def exists(self, session_key: str) -> bool:
        return super().exists(row_key(session_key))

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key is not None:
            super().delete(row_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.session_key = row_key(session.session_key)
        user_id = data.get(SESSION_KEY)
        session.user_id = int(user_id) if user_id else None
        session.access_token_id = data.get(TOKEN_KEY)
        return session


def end_oldest_sessions(token: AccessToken) -> None:
    """Keep the newest sessions of a token and end the rest."""
    newest = token.sessions.order_by("-created_at", "-session_key")
    if keys := list(newest.values_list("pk", flat=True)[MOST_SESSIONS_OF_A_TOKEN:]):
        token.sessions.filter(pk__in=keys).delete()
