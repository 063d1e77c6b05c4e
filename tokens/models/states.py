"""What state a token is in, for one row and for the database alike."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

EXPIRING_WITHIN = timedelta(days=7)


class TokenState(models.TextChoices):
    ACTIVE = "active", _("Active")
    EXPIRING = "expiring", _("Expires soon")
    GRACE = "grace", _("Rotated, in grace")
    ROTATED = "rotated", _("Rotated")
    USER_INACTIVE = "user-inactive", _("Person deactivated")
    EXPIRED = "expired", _("Expired")
    DISABLED = "disabled", _("Disabled")


def good_now() -> Q:
    """Return the condition of tokens that still open something."""
    now = timezone.now()
    in_time = Q(grace_until=None) | Q(grace_until__gt=now)
    return in_time & Q(disabled_at=None, expires_at__gt=now, user__is_active=True)


def condition_of(state: str) -> Q:
    """Return the condition of the rows whose `AccessToken.state` is `state`."""
    now = timezone.now()
    soon = now + EXPIRING_WITHIN
    enabled = Q(disabled_at=None)
    running = enabled & Q(expires_at__gt=now)
    good = good_now()
    return {
        TokenState.ACTIVE: good & Q(grace_until=None, expires_at__gt=soon),
        TokenState.EXPIRING: good & Q(grace_until=None, expires_at__lte=soon),
        TokenState.GRACE: good & Q(grace_until__gt=now),
        TokenState.USER_INACTIVE: running
        & (Q(grace_until=None) | Q(grace_until__gt=now))
        & Q(user__is_active=False),
        TokenState.ROTATED: running & Q(grace_until__lte=now),
        TokenState.EXPIRED: enabled & Q(expires_at__lte=now),
        TokenState.DISABLED: Q(disabled_at__isnull=False),
    }[TokenState(state)]
