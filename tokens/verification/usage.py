"""When, and from where, a token was last used."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from tokens.models import AccessToken
from tokens.verification.call import Call
from tokens.verification.first_use import mark_first_use

logger = logging.getLogger(__name__)
TOUCH_EVERY = timedelta(minutes=1)


def touch(token: AccessToken, call: Call) -> None:
    """Note the use of a token, at most once a minute, and new sources; never fails the request."""
    try:
        mark_first_use(token, call)
        _note_last_use(token, call)
    except DatabaseError:
        logger.warning("The use of token %s could not be noted.", token.pk, exc_info=True)


def _note_last_use(token: AccessToken, call: Call) -> None:
    now = timezone.now()
    if token.last_used_at and token.last_used_at > now - TOUCH_EVERY:
        return
    seen: dict[str, Any] = {"last_used_at": now, "last_used_address": call.address or None}
    if call.origin:
        seen["last_used_origin"] = str(call.origin)[:300]
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - TOUCH_EVERY)
    with transaction.atomic():
        AccessToken.objects.filter(stale, pk=token.pk).update(**seen)
