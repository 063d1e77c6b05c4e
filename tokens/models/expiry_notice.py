"""Notices before a token ends."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import User
from tokens.models.access_token import AccessToken


class ExpiryNotice(models.Model):
    """Keeps that somebody was told so many days before the end, so that they are told once."""

    access_token = models.ForeignKey(AccessToken, models.CASCADE, related_name="expiry_notices")
    # None: of an earlier version, which told all at once.
    person = models.ForeignKey(User, models.CASCADE, related_name="+", null=True)
    days = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["access_token", "days", "person"], name="expiry_notice_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.access_token}: {self.days}"
