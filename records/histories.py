"""The base of all histories: rows that are written once, and neither changed nor deleted later.

The database refuses it as well, whoever asks: records/triggers.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, TypeVar

from django.db import models

Row = TypeVar("Row", bound="History")


@dataclass(frozen=True)
class LawfulChange:
    """The one change that a history knows: which columns, and when, as SQL over OLD and NEW."""

    columns: tuple[str, ...]
    when: Mapping[str, str]  # by the database's vendor


class HistoryQuerySet(models.QuerySet[Row]):
    """Rows that are only added: history that could be rewritten would prove nothing."""

    def update(self, **changes: Any) -> NoReturn:
        raise TypeError(self.model.REFUSAL)

    def change_lawfully(self, **changes: Any) -> int:
        """Make the change that the model declares; the database judges it row by row."""
        lawful = self.model.LAWFUL_CHANGE
        if lawful is None or not changes.keys() <= set(lawful.columns):
            raise TypeError(self.model.REFUSAL)
        return super().update(**changes)

    def bulk_create(self, objs: Iterable[Row], *args: Any, **options: Any) -> list[Row]:
        if options.get("update_conflicts") or options.get("ignore_conflicts"):
            raise TypeError(self.model.REFUSAL)
        return super().bulk_create(objs, *args, **options)

    def delete(self) -> NoReturn:
        raise TypeError(self.model.REFUSAL)

    def _raw_delete(self, using: str | None) -> NoReturn:
        raise TypeError(self.model.REFUSAL)


class History(models.Model):
    """A row that is only added, in the transaction of what it tells of."""

    REFUSAL: ClassVar[str] = "History is never changed or deleted."
    LAWFUL_CHANGE: ClassVar[LawfulChange | None] = None

    objects = HistoryQuerySet.as_manager()

    class Meta:
        abstract = True
        # What Django itself uses to save a row refuses, too. Subclasses have it without inheriting
        # this Meta, and so without a word of it in their migrations.
        base_manager_name = "objects"

    def save(self, *args: Any, **options: Any) -> None:
        """Add the row; one that is stored already is refused."""
        if not self._state.adding:
            raise TypeError(self.REFUSAL)
        super().save(*args, **options | {"force_insert": True})

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise TypeError(self.REFUSAL)
