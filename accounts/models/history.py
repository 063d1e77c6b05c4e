"""What was changed about people and workgroups: ids and choices, never names or texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.histories import History, HistoryQuerySet

if TYPE_CHECKING:
    from accounts.actor import Actor

Membership = tuple[int, int]  # person, workgroup


class PersonEventQuerySet(HistoryQuerySet["PersonEvent"]):
    def record_memberships(
        self, joined: Iterable[Membership], left: Iterable[Membership], *, by: Actor
    ) -> None:
        """Write who joined and who left which workgroup."""
        rows = (
            PersonEvent(person_id=person, workgroup_id=group, verb=verb, **by.as_columns())
            for verb, memberships in (("joined", joined), ("left", left))
            for person, group in sorted(memberships)
        )
        PersonEvent.objects.bulk_create(rows)


class PersonEvent(History):
    """One change. Plain ids, so that the history outlives what it speaks of."""

    # Choices may stand in the history; texts might have to be erased one day.
    TOLD_FIELDS = frozenset({"role", "language", "time_zone", "availability", "is_active"})

    person_id = models.BigIntegerField(_("person"), null=True, db_index=True)
    workgroup_id = models.BigIntegerField(_("workgroup"), null=True, db_index=True)
    actor_id = models.BigIntegerField(_("changed by"), null=True, db_index=True)
    token_id = models.BigIntegerField(_("token"), null=True)
    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    verb = models.CharField(_("what"), max_length=32)
    field = models.CharField(_("field"), max_length=32, blank=True)
    old = models.CharField(_("before"), max_length=64, blank=True)
    new = models.CharField(_("after"), max_length=64, blank=True)

    objects: ClassVar = PersonEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a person")
        verbose_name_plural = _("changes of people")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.verb} {self.field}".strip()

    @classmethod
    def of_field(cls, person_id: int, field: str, old: Any, new: Any, **who: Any) -> Self:
        """Return the unsaved row of one changed field."""
        values = {"old": str(old), "new": str(new)} if field in cls.TOLD_FIELDS else {}
        return cls(person_id=person_id, verb="changed", field=field, **values, **who)
