"""The audit of tokens. The database itself guards its rows, too: tokens/append_only.py."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tokens.origins.networks import coarse

ADDRESSES_STAY_WHOLE_FOR = timedelta(days=90)
DENIALS_SHOWN_FOR = timedelta(days=30)
PORTION = 1000


class TokenEventQuerySet(models.QuerySet["TokenEvent"]):
    """Append-only: the audit outlives the tokens and cannot be rewritten."""

    def update(self, **changes: Any) -> int:
        raise TypeError("Audit rows are never changed.")

    def _update(self, values: Any, *more: Any) -> int:
        """Refuse to save a row that stands; Django asks this before it inserts a known id."""
        if self.exists():
            raise TypeError("Audit rows are never changed.")
        return 0

    def bulk_create(
        self,
        objs: Any,
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        *fields: Any,
        **more: Any,
    ) -> Any:
        if update_conflicts:
            raise TypeError("Audit rows are never changed.")
        return super().bulk_create(objs, batch_size, ignore_conflicts)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit rows are never deleted.")

    def _raw_delete(self, using: str | None) -> int:
        raise TypeError("Audit rows are never deleted.")

    def denials(self) -> Self:
        return self.filter(verb="denied")

    def recent_denials(self) -> Self:
        """Return the denials that the page "Why refused?" shows."""
        return self.denials().filter(at__gte=timezone.now() - DENIALS_SHOWN_FOR)

    def cut_addresses(self, *, before: datetime) -> int:
        """Cut the addresses of old rows to their network, and return of how many rows.

        It is the one change that the audit knows, and the only one the database lets through.
        """
        done = 0
        while portion := self._whole_addresses(before):
            done += self._cut(portion)
        return done

    def _whole_addresses(self, before: datetime) -> list[tuple[int, str | None]]:
        old = self.filter(address_is_whole=True, at__lt=before).order_by("at")
        return list(old.values_list("pk", "address")[:PORTION])

    @transaction.atomic
    def _cut(self, portion: list[tuple[int, str | None]]) -> int:
        by_network: dict[str | None, list[int]] = defaultdict(list)
        for pk, address in portion:
            by_network[coarse(address) if address else None].append(pk)
        return sum(
            # Two runs at once: the second finds the row cut already and leaves it.
            super(TokenEventQuerySet, self.filter(pk__in=pks, address_is_whole=True)).update(
                address=network, address_is_whole=False
            )
            for network, pks in by_network.items()
        )


class TokenEvent(models.Model):
    """One thing that happened to a token. Plain ids and names: it outlives what it tells of."""

    class Verb(models.TextChoices):
        MADE = "made", _("Made")
        SHOWN = "shown", _("Shown once")
        EDITED = "edited", _("Edited")
        LINK = "link", _("Login link made")
        LOGIN = "login", _("Signed in by link")
        FIRST_USE = "first_use", _("First use from there")
        DENIED = "denied", _("Denied")
        DISABLED = "disabled", _("Disabled")
        ENABLED = "enabled", _("Enabled")
        DELETED = "deleted", _("Deleted")
        ROTATED = "rotated", _("Rotated")
        REUSED = "reused", _("Used after rotation")

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
    address_is_whole = models.BooleanField(default=True, editable=False)
    origin = models.CharField(_("page"), max_length=300, blank=True)
    details = models.JSONField(_("details"), default=dict)

    objects = TokenEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit")
        ordering = ["-id"]
        # What Django itself uses to save a row is append-only as well.
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["verb", "-at"], name="token_event_verb"),
            models.Index(
                fields=["at"],
                name="token_event_whole_address",
                condition=models.Q(address_is_whole=True),
            ),
        ]
        constraints = [
            # The cause holds the source; its first use is marked once
            # (tokens/verification/first_use.py).
            models.UniqueConstraint(
                fields=["token_id", "cause"],
                name="token_event_first_use",
                condition=models.Q(verb="first_use"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.token_name}: {self.get_verb_display()}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit rows are never deleted.")


class Denial(TokenEvent):
    """A row of the audit, as the page "Why refused?" lists it."""

    class Meta:
        proxy = True
        verbose_name = _("denial")
        verbose_name_plural = _("why refused?")
