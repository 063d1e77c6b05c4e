"""The audit of tokens."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.histories import History, HistoryQuerySet, LawfulChange
from tokens.origins.networks import coarse

ADDRESSES_STAY_WHOLE_FOR = timedelta(days=90)
DENIALS_SHOWN_FOR = timedelta(days=30)
PORTION = 1000

# A day less than the rule, because the clocks of server and database differ.
_OLD_AFTER = ADDRESSES_STAY_WHOLE_FOR.days - 1
# An old address becomes its network, as `coarse` has it. SQLite knows addresses as text alone: what
# is kept must be followed by the rest of its three groups as zeros. Nobody comes from ::/16.
_CUT_ON_SQLITE = f"""
    OLD.address_is_whole AND NOT NEW.address_is_whole
    AND OLD.at < strftime('%Y-%m-%d %H:%M:%S', 'now', '-{_OLD_AFTER} days')
    AND CASE
        WHEN OLD.address IS NULL THEN NEW.address IS NULL
        WHEN OLD.address LIKE '%.%' THEN
            NEW.address = rtrim(replace(OLD.address, '::ffff:', ''), '0123456789') || '0'
        WHEN OLD.address LIKE ':%' OR OLD.address LIKE '0:%' THEN NEW.address LIKE '%::'
        ELSE NEW.address LIKE '%::' AND EXISTS (
            SELECT 1 FROM (
                SELECT kept, substr(OLD.address, length(kept) + 1) AS rest,
                    2 - length(kept) + length(replace(kept, ':', '')) AS zeros
                FROM (SELECT rtrim(NEW.address, ':') AS kept)
            )
            WHERE OLD.address = kept || rest AND zeros >= 0
            AND (rest LIKE '::%' OR rest LIKE ':' || substr('0:0:', 1, 2 * zeros) || '%')
        )
    END
"""  # noqa: S608 - nothing of it comes from outside
_CUT_ON_POSTGRESQL = f"""
    OLD.address_is_whole AND NOT NEW.address_is_whole
    AND OLD.at < now() - interval '{_OLD_AFTER} days'
    AND host(NEW.address) IS NOT DISTINCT FROM host(network(set_masklen(
        replace(host(OLD.address), '::ffff:', '')::inet,
        CASE WHEN host(OLD.address) LIKE '%.%' THEN 24 ELSE 48 END
    )))
"""


class TokenEventQuerySet(HistoryQuerySet["TokenEvent"]):
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
            self.filter(pk__in=pks, address_is_whole=True).change_lawfully(
                address=network, address_is_whole=False
            )
            for network, pks in by_network.items()
        )


class TokenEvent(History):
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

    REFUSAL = "Audit rows are never changed or deleted."
    LAWFUL_CHANGE = LawfulChange(
        columns=("address", "address_is_whole"),
        when={"sqlite": _CUT_ON_SQLITE, "postgresql": _CUT_ON_POSTGRESQL},
    )

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

    objects: ClassVar = TokenEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit")
        ordering = ["-id"]
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


class Denial(TokenEvent):
    """A row of the audit, as the page "Why refused?" lists it."""

    class Meta:
        proxy = True
        verbose_name = _("denial")
        verbose_name_plural = _("why refused?")
