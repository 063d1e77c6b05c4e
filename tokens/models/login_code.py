"""One-time codes that stand for a login."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from tokens.models.access_token import AccessToken
from tokens.models.digests import digest_of


class LoginCode(models.Model):
    """A one-time code that opens a session within a minute, in the place of a token.

    It carries a login to a browser tab where the token itself must not go.
    """

    LIFE = timedelta(seconds=60)

    digest = models.CharField(max_length=64, unique=True)
    access_token = models.ForeignKey(AccessToken, models.CASCADE)
    target = models.CharField(max_length=5)
    next = models.CharField(max_length=500, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.target} for {self.access_token}"

    @classmethod
    def make(cls, token: AccessToken, *, target: str, next_page: str = "") -> str:
        """Keep a new code's digest and return the code; drops codes that are over."""
        now = timezone.now()
        cls.objects.filter(expires_at__lt=now).delete()
        code = secrets.token_urlsafe(32)
        cls.objects.create(
            digest=digest_of(code),
            access_token=token,
            target=target,
            next=next_page,
            expires_at=now + cls.LIFE,
        )
        return code

    @classmethod
    @transaction.atomic
    def redeem(cls, code: str) -> LoginCode | None:
        """Return the row of a good code and use it up; None for any other."""
        rows = cls.objects.select_related("access_token__user")
        found = rows.filter(digest=digest_of(code), expires_at__gt=timezone.now()).first()
        # Whoever deletes the row has won; a second redeemer deletes nothing.
        if found is None or not cls.objects.filter(pk=found.pk).delete()[0]:
            return None
        return found
