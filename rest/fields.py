"""Fields of serializers that cost little: they read what the row has and ask no further query."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Model
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from records.ids import LARGEST_ID


class ReadsRow:
    """Mixed into a field: read the attribute of the row that has the field's own name."""

    source: str | None

    def get_attribute(self, instance: Any) -> Any:
        return getattr(instance, self.source)  # type: ignore[arg-type]  # bound by now


class PassThrough(ReadsRow):
    """Mixed into a field: the value of the column is what JSON shows."""

    def to_representation(self, value: Any) -> Any:
        return value


class FastCharField(PassThrough, serializers.CharField):
    pass


class FastChoiceField(PassThrough, serializers.ChoiceField):
    """One of the words that the model has for it."""


class FastIntegerField(PassThrough, serializers.IntegerField):
    pass


@extend_schema_field(OpenApiTypes.DATETIME)
class UtcDateTimeField(ReadsRow, serializers.Field[Any, Any, Any, Any]):
    """A time in UTC with `Z`, whatever the reader's zone; stock fields follow the reader."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"read_only": True})

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat()[:-6] + "Z"


class RelatedIdField(serializers.PrimaryKeyRelatedField[Any]):
    """The id of a related row, read from the row itself."""

    def use_pk_only_optimization(self) -> bool:
        return False

    def get_attribute(self, instance: Model) -> Any:
        return getattr(instance, f"{self.source}_id")

    def to_representation(self, value: Any) -> Any:
        return value


class RelatedNameField(serializers.CharField):
    """The name of a related row: an annotation `X_name` in lists, else the row behind `X`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **{"allow_null": True, **options})

    def get_attribute(self, instance: Model) -> Any:
        name = str(self.field_name)
        if name in instance.__dict__:
            return instance.__dict__[name]
        related = getattr(instance, name.removesuffix("_name"))
        return None if related is None else str(related)


class RedactedField(serializers.ReadOnlyField):
    """Stands where a caller has no business to look: they find the same `value` always."""

    def __init__(self, value: Any = None) -> None:
        super().__init__()
        self.value = value

    def get_attribute(self, instance: Model) -> Any:
        return self.value


class TextListField(PassThrough, serializers.ListField):
    """A list of short texts."""

    child = serializers.CharField(max_length=200)


class IdsField(serializers.ListField):
    """The ids of related rows; whether they exist is for the domain to say, in one query."""

    child = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=1000, **options)

    def get_attribute(self, instance: Any) -> Any:
        """Return the rows, from `known_<name>` where a list has read them all at once."""
        known = getattr(instance, f"known_{self.source}", None)
        return getattr(instance, str(self.source)).all() if known is None else known

    def to_representation(self, rows: Any) -> list[int]:
        return sorted(row.pk for row in rows)
