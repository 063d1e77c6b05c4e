"""Fields of serializers that cost little: they read what the row has and ask no further query.

Most have a `column()`: the column or expression that holds what JSON shows (rest/rows.py). An
expression is made once, since it is compared with those of earlier calls.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db.models import Func, Model, TextField
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from records.ids import LARGEST_ID, is_id

# More than any list of ours may hold; the domain says which lists hold less.
MOST_ITEMS = 1000


class ReadsRow:
    """Mixed into a field: read the attribute of the row that has the field's own name."""

    source: str | None

    def get_attribute(self, instance: Any) -> Any:
        return getattr(instance, self.source)  # type: ignore[arg-type]  # bound by now


class PassThrough(ReadsRow):
    """Mixed into a field: the value of the column is what JSON shows."""

    def column(self) -> Any:
        return self.source

    def to_representation(self, value: Any) -> Any:
        return value


class FastCharField(PassThrough, serializers.CharField):
    pass


@extend_schema_field(OpenApiTypes.EMAIL)
class FastEmailField(FastCharField):
    """An address by the validators of its column; those of stock fields know ASCII alone."""


class LargeTextField(FastCharField):
    """A long text, kept in the column `large`; answers hold so many bytes of them."""

    large = "content"


class FastIPAddressField(PassThrough, serializers.IPAddressField):
    pass


class FastBooleanField(PassThrough, serializers.BooleanField):
    pass


class FastChoiceField(PassThrough, serializers.ChoiceField):
    """One of the words that the model has for it."""


class FastJSONField(PassThrough, serializers.JSONField):
    pass


class WholeNumberField(serializers.IntegerField):
    """A JSON integer, or plain ASCII digits; stock fields read 2.0 and "1_0", too."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and is_id(data):
            return int(data)
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class FastIntegerField(PassThrough, WholeNumberField):
    pass


class IdField(WholeNumberField):
    """An id; whether there is such a row is for the domain to say."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": LARGEST_ID, **options})


class _InUtc(Func):
    """A moment as UtcDateTimeField shows it, written by the database."""

    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Kept in UTC, as 2026-11-05 09:30:00, with .123456 unless that is nought.
        template = "REPLACE(%(expressions)s, ' ', 'T') || 'Z'"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        form = """'YYYY-MM-DD"T"HH24:MI:SS.US'"""
        text = f"REPLACE(TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', {form}), '.000000', '')"
        return self.as_sql(compiler, connection, template=f"{text} || 'Z'", **context)


@cache
def _in_utc(column: str) -> Func:
    return _InUtc(column)


@extend_schema_field(OpenApiTypes.DATETIME)
class UtcDateTimeField(ReadsRow, serializers.Field[Any, Any, Any, Any]):
    """A time in UTC with `Z`, whatever the reader's zone; stock fields follow the reader."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"read_only": True})

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat()[:-6] + "Z"

    def column(self) -> Func:
        return _in_utc(str(self.source))


class RelatedIdField(serializers.PrimaryKeyRelatedField[Any]):
    """The id of a related row, read from the row itself."""

    def use_pk_only_optimization(self) -> bool:
        return False

    def run_validation(self, data: Any = empty) -> Any:
        # The stock field takes an empty text for null.
        return super().run_validation([] if data == "" else data)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(_ID.run_validation(data))

    def get_attribute(self, instance: Model) -> Any:
        return getattr(instance, f"{self.source}_id")

    def to_representation(self, value: Any) -> Any:
        return value

    def column(self) -> str:
        return f"{self.source}_id"


_ID = IdField()


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

    def column(self) -> str:
        return str(self.field_name)


class RedactedField(serializers.ReadOnlyField):
    """Stands where a caller has no business to look: they find the same `value` always."""

    def __init__(self, value: Any = None) -> None:
        super().__init__()
        self.value = value

    def get_attribute(self, instance: Model) -> Any:
        return self.value

    def column(self) -> None:
        """Return none: there is nothing to read."""


class BoundedListField(serializers.ListField):
    """A list whose length is judged before its items: a million of them costs no more than one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": MOST_ITEMS, **options})

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list):
            self.run_validators(data)
        return super().to_internal_value(data)


class TextListField(PassThrough, BoundedListField):
    """A list of short texts."""

    child = serializers.CharField(max_length=200)


class IdsField(BoundedListField):
    """The ids of related rows; whether they exist is for the domain to say, in one query."""

    child = IdField()

    def get_attribute(self, instance: Any) -> Any:
        """Return the rows, from `known_<name>` where a list has read them all at once."""
        known = getattr(instance, f"known_{self.source}", None)
        return getattr(instance, str(self.source)).all() if known is None else known

    def to_representation(self, rows: Any) -> list[int]:
        return sorted(row.pk for row in rows)
