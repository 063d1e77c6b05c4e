"""When, and from where, a token was last used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tokens.models import AccessToken
from tokens.verification.call import Call
from tokens.verification.deferred_writes import deferred_writes
from tokens.verification.first_use import mark_first_use

TOUCH_EVERY = timedelta(minutes=1)


def touch(token: AccessToken, call: Call) -> None:
    """Note the use of a token, at most once a minute, and new sources; the call never waits."""
    mark_first_use(token, call)
    now = timezone.now()
    if not token.last_used_at or token.last_used_at <= now - TOUCH_EVERY:
        deferred_writes.write(("use", token.pk), lambda: _note_last_use(token, call, now))


def _note_last_use(token: AccessToken, call: Call, now: datetime) -> None:
    seen: dict[str, Any] = {"last_used_at": now, "last_used_address": call.address or None}
    if call.origin:
        seen["last_used_origin"] = str(call.origin)[:300]
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - TOUCH_EVERY)
    with transaction.atomic():
        AccessToken.objects.filter(stale, pk=token.pk).update(**seen)
