"""Notices before a token ends."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from tokens.models.access_token import AccessToken


class ExpiryNotice(models.Model):
    """Keeps that the notice of so many days before the end was given, so that it is given once."""

    access_token = models.ForeignKey(AccessToken, models.CASCADE, related_name="expiry_notices")
    days = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["access_token", "days"], name="expiry_notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.access_token}: {self.days}"
