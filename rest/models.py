"""What the API itself remembers."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone

KEPT = timedelta(hours=24)


class StoredAnswerQuerySet(models.QuerySet["StoredAnswer"]):
    def expired(self) -> Self:
        return self.filter(created_at__lt=timezone.now() - KEPT)


class StoredAnswer(models.Model):
    """The first answer to a POST with an Idempotency-Key, written with what the POST changed.

    The keys are plain values: the row outlives nobody and is gone after a day.
    """

    person_id = models.BigIntegerField()
    credential = models.CharField(max_length=80)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    # What the caller might do then: an answer is not given again under other rights.
    rights = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.JSONField(null=True)
    object_id = models.BigIntegerField(null=True)
    has_secret = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = StoredAnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "credential", "method", "path", "key"],
                name="stored_answer_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"
