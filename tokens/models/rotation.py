"""The rules of `AccessToken.rotate`: a like successor, and a grace for the old token."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from configuration.values import value
from records.errors import Conflict, invalid_field
from tokens.scopes import ROLE_SCOPES

if TYPE_CHECKING:
    from tokens.models import AccessToken

LONGEST_GRACE = timedelta(days=7)


def refuse_what_ended(token: AccessToken) -> None:
    """Refuse to rotate what opens nothing any more: a successor would open it again."""
    if token.disabled_at:
        message = _("A disabled token cannot be rotated. Enable it first.")
        raise Conflict(message, code="token-disabled")
    if token.expires_at <= timezone.now():
        raise Conflict(
            _("An expired token cannot be rotated. Make a new one."), code="token-expired"
        )
    if not token.user.is_active:
        raise Conflict(_("This person is deactivated."), code="user-inactive")


def known_successor(token: AccessToken) -> AccessToken:
    """Return the one successor of a token that was rotated."""
    if token.successor is None:
        message = _("It was rotated, and its successor is deleted. Make a new token.")
        raise Conflict(message, code="successor-deleted")
    return token.successor


def make_successor(token: AccessToken, *, by: Actor) -> tuple[AccessToken, str]:
    """Make a token that is like `token`, lives as long, and never past the caller's own."""
    return type(token).objects.issue(
        user=token.user,
        name=token.name,
        description=token.description,
        # What the role has lost since opens nothing, and no token is made with it.
        scopes=set(token.scopes) & ROLE_SCOPES[token.user.role],
        domains=token.domains,
        networks=token.networks,
        allow_missing_referrer=token.allow_missing_referrer,
        expires_at=_end_of_successor(token, by),
        replaces=token,
        by=by,
    )


def _end_of_successor(token: AccessToken, by: Actor) -> datetime:
    longest = timedelta(days=value("token_longest_days"))
    end = timezone.now() + min(token.expires_at - token.created_at, longest)
    maker = type(token).objects.of_caller(by)
    return min(end, maker.ends_at) if maker else end


def end_of_grace(token: AccessToken, grace: timedelta | None) -> datetime:
    """Return until when `token` stays good; None means the configured grace."""
    if grace is None:
        grace = timedelta(hours=value("token_grace_hours"))
    if not timedelta(0) <= grace <= LONGEST_GRACE:
        message = _("The old token stays good for 7 days at most.")
        raise invalid_field("grace_seconds", message, "out_of_range")
    return min(timezone.now() + grace, token.expires_at)
