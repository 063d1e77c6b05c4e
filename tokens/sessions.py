"""Session engine: Django's database sessions, which know the token that opened them."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from tokens.models import AccessToken, Session

TOKEN_KEY = "_access_token_id"
MOST_SESSIONS_OF_A_TOKEN = 50


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        user_id = data.get(SESSION_KEY)
        session.user_id = int(user_id) if user_id else None
        session.access_token_id = data.get(TOKEN_KEY)
        return session


def forget_expired_sessions() -> None:
    """Delete the rows of sessions that are over; nobody else does."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()


def end_oldest_sessions(token: AccessToken) -> None:
    """Keep the newest sessions of a token and end the rest."""
    newest = token.sessions.order_by("-created_at", "-session_key")
    beyond = newest.values_list("pk", flat=True)[MOST_SESSIONS_OF_A_TOKEN:]
    keys = list(beyond)
    if keys:
        token.sessions.filter(pk__in=keys).delete()
