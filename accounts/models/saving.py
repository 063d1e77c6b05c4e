"""Save what was checked: the present value is no change, and a race is bad input like the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from records.fields import with_compared


class BlamesFields(models.Model):
    """Say at which field a value is taken already; Django would blame the whole, or the column."""

    # Where a broken constraint is to be seen.
    BLAMED_FIELDS: ClassVar[dict[str, str]] = {}

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Any = None) -> None:
        taken = {}
        for constraint in self._meta.constraints:
            try:
                constraint.validate(type(self), self, exclude=exclude)
            except ValidationError as error:
                field = self.BLAMED_FIELDS[constraint.name]
                taken[field] = ValidationError(error.message, code="unique")
        if taken:
            raise ValidationError(taken)


def changed_fields(row: models.Model, changes: Mapping[str, Any]) -> set[str]:
    """Return the names in `changes` that say something new; no picture and None are the same."""
    return {name for name, value in changes.items() if _differs(getattr(row, name), value)}


def _differs(before: Any, after: Any) -> bool:
    return (before or None) != after if after is None else before != after


def save_checked(
    row: models.Model, *, only: Collection[str] | None = None, unchecked: Collection[str] = ()
) -> None:
    """Validate and insert a new row, or validate and write `only` these fields of an old one."""
    names = {field.name for field in row._meta.fields}
    only = None if only is None else with_compared(type(row), only)
    exclude = (set() if only is None else names - only) | set(unchecked)
    row.full_clean(exclude=exclude)
    fields = None if only is None else {*only, "version", "updated_at"}
    try:
        with transaction.atomic():
            row.save(force_insert=only is None, update_fields=fields)
    except IntegrityError:
        # Somebody took a unique value after the check; the second check says at which field.
        row.full_clean(exclude=exclude)
        raise
