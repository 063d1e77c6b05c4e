"""Fields that lists are made of: they read what the row has and ask no further query."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Model
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.shapes import AsItIs, OfRow


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(OfRow, serializers.Field[Any, Any, Any, Any]):
    """A time in UTC with `Z`, whatever the reader's zone; stock fields follow the reader."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat()[:-6] + "Z"


class RelatedId(serializers.PrimaryKeyRelatedField[Any]):
    """The id of a related row, read from the row itself."""

    def use_pk_only_optimization(self) -> bool:
        return False

    def get_attribute(self, instance: Model) -> Any:
        return getattr(instance, f"{self.source}_id")

    def to_representation(self, value: Any) -> Any:
        return value


class NameOf(serializers.CharField):
    """The name of a related row: an annotation `X_name` in lists, else the row behind `X`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **{"allow_null": True, **options})

    def get_attribute(self, instance: Model) -> Any:
        name = str(self.field_name)
        if name in instance.__dict__:
            return instance.__dict__[name]
        related = getattr(instance, name.removesuffix("_name"))
        return None if related is None else str(related)


class Withheld(serializers.ReadOnlyField):
    """Stands where a caller has no business to look: they find the same `value` always."""

    def __init__(self, value: Any = None) -> None:
        super().__init__()
        self.value = value

    def get_attribute(self, instance: Model) -> Any:
        return self.value


class Words(AsItIs, serializers.ListField):
    """A list of short texts."""

    child = serializers.CharField(max_length=200)
