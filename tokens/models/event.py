"""The audit of tokens."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TokenEventQuerySet(models.QuerySet["TokenEvent"]):
    """Append-only: the audit outlives the tokens and cannot be rewritten."""

    def update(self, **changes: Any) -> int:
        raise TypeError("Audit rows are never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit rows are never deleted.")

    def denials(self) -> Self:
        return self.filter(verb="denied")


class TokenEvent(models.Model):
    """One thing that happened to a token. Plain ids and names: it outlives what it tells of."""

    class Verb(models.TextChoices):
        MADE = "made", _("Made")
        SHOWN = "shown", _("Shown once")
        EDITED = "edited", _("Edited")
        LOGIN = "login", _("Signed in by link")
        DENIED = "denied", _("Denied")
        DISABLED = "disabled", _("Disabled")
        ENABLED = "enabled", _("Enabled")
        DELETED = "deleted", _("Deleted")

    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    token_id = models.BigIntegerField(_("token"), db_index=True)
    token_name = models.CharField(_("token's name"), max_length=120)
    hint = models.CharField(_("ends in"), max_length=6)
    subject_id = models.BigIntegerField(_("person"))
    actor_id = models.BigIntegerField(_("by"), null=True)
    through_token_id = models.BigIntegerField(_("through token"), null=True)
    verb = models.CharField(_("what"), max_length=16, choices=Verb.choices)
    cause = models.CharField(_("cause"), max_length=200, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    origin = models.CharField(_("page"), max_length=300, blank=True)
    details = models.JSONField(_("details"), default=dict)

    objects = TokenEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit")
        ordering = ["-id"]
        indexes = [models.Index(fields=["verb", "-at"], name="token_event_verb")]

    def __str__(self) -> str:
        return f"{self.token_name}: {self.get_verb_display()}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit rows are never deleted.")
