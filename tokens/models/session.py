"""Signed-in browsers."""

from __future__ import annotations

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.module_loading import import_string

from tokens.models.access_token import AccessToken


class Session(AbstractBaseSession):
    """A signed-in browser, with the person and the token that opened it beside the data."""

    user_id = models.BigIntegerField(null=True, db_index=True)
    # The row outlives a deleted token: its next click tells why it ended.
    access_token = models.ForeignKey(
        AccessToken, models.SET_NULL, null=True, related_name="sessions"
    )
    created_at = models.DateTimeField(default=timezone.now)

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        return store
