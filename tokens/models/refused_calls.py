"""Calls that were refused before any token was found: counted, never stored one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True, order=True)
class RefusedKey:
    """What is counted together. `address` is "" where too many addresses came to tell apart."""

    minute: datetime
    address: str
    cause: str
    rule: str
    kind: str


class Seen(NamedTuple):
    """How many calls of a key there were, and a page that one of them came from."""

    calls: int
    origin: str

    def plus(self, calls: int, origin: str) -> Seen:
        return Seen(self.calls + calls, origin or self.origin)


class RefusedCallsQuerySet(models.QuerySet["RefusedCalls"]):
    @transaction.atomic
    def add_up(self, counts: Mapping[RefusedKey, Seen]) -> None:
        """Add counts to those that stand, whichever process wrote them."""
        # In one order, so that two processes cannot wait for each other's rows.
        keys = sorted(counts)
        self.bulk_create([self.model(**asdict(key)) for key in keys], ignore_conflicts=True)
        for key in keys:
            seen = counts[key]
            changes: dict[str, object] = {"count": models.F("count") + seen.calls}
            if seen.origin:
                changes["origin"] = seen.origin
            self.filter(**asdict(key)).update(**changes)


class RefusedCalls(models.Model):
    """How often calls from one address were refused in one minute for one cause."""

    minute = models.DateTimeField(_("when"))
    # As the throttle takes it: an IPv4 address, or the /64 of an IPv6 address.
    address = models.CharField(_("address"), max_length=45, blank=True)
    cause = models.CharField(_("cause"), max_length=32)
    rule = models.CharField(_("rule"), max_length=16, blank=True)
    kind = models.CharField(_("kind"), max_length=8)
    origin = models.CharField(_("page"), max_length=300, blank=True)
    count = models.PositiveBigIntegerField(_("calls"), default=0)

    objects = RefusedCallsQuerySet.as_manager()

    class Meta:
        verbose_name = _("refused calls")
        verbose_name_plural = _("refused calls")
        ordering = ["-minute", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["minute", "address", "cause", "rule", "kind"], name="refused_calls_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.cause} ({self.address})"
