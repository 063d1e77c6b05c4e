"""Forms that made something, so that one form makes one thing, however often it is sent."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from django.db import models, transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from records.errors import Conflict

KEPT = timedelta(days=7)
LONGEST_KEY = 64
# Old rows are swept out once in so many new ones.
SWEEP_EVERY = 200
# What may differ between two sendings of one form.
NOT_SAID = {"csrfmiddlewaretoken", "form_key"}


def new_form_key() -> str:
    return secrets.token_urlsafe(18)


@dataclass(frozen=True)
class SentForm:
    """Whose form it is, what it makes, its key, and a digest of what it says."""

    person_id: int
    kind: str
    key: str
    said: str

    @classmethod
    def of(cls, person_id: int, kind: str, sent: QueryDict) -> SentForm:
        said = sorted((name, values) for name, values in sent.lists() if name not in NOT_SAID)
        # Keyed, because forms hold passwords.
        digest = salted_hmac("records.submission", repr(said), algorithm="sha256").hexdigest()
        key = sent.get("form_key", "").replace("\x00", "")[:LONGEST_KEY]
        return cls(person_id, kind, key, digest)


class AlreadySent(Conflict):
    """The form has made something and now says something else; nothing was made."""

    def __init__(self) -> None:
        super().__init__(
            _("This form was sent already, with other words. Send it again to make this as well."),
            code="already-sent",
        )


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def expired(self) -> Self:
        return self.filter(created_at__lt=timezone.now() - KEPT)

    def made_by(self, form: SentForm) -> int | None:
        """Return the id of what the form has made, if it was sent before."""
        row = self.filter(person_id=form.person_id, kind=form.kind, key=form.key).first()
        return row.made(form) if row else None

    @transaction.atomic
    def once(self, form: SentForm, make: Callable[[], models.Model]) -> int:
        """Return the id of what `make` makes, or of what the same form has made before.

        A second sending at the same moment waits at the unique row for the first to end.
        """
        if not form.key:
            return int(make().pk)
        row, is_first = self.get_or_create(
            person_id=form.person_id, kind=form.kind, key=form.key, defaults={"said": form.said}
        )
        if not is_first:
            return row.made(form)
        row.object_id = make().pk
        row.save(update_fields=["object_id"])
        if row.pk % SWEEP_EVERY == 0:
            self.expired().delete()
        return row.object_id


class Submission(models.Model):
    """A form that made something, written with what it made.

    The ids are plain values: the row outlives nobody and is gone after a few days.
    """

    person_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=LONGEST_KEY)
    said = models.CharField(max_length=64)
    object_id = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id", "kind", "key"], name="submission_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    def made(self, form: SentForm) -> int:
        """Return the id of what was made; raises AlreadySent if the form says something else."""
        if self.said != form.said:
            raise AlreadySent
        return self.object_id
