"""Serializers of models that cost little for each answer, and fields that cost little for each row.

REST framework works out the fields of a model anew for every answer, and walks to each value of
each row along dotted names. A list of 50 rows spends most of its time there.
"""

from __future__ import annotations

import copy
from functools import cache, cached_property
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.utils import translation
from rest_framework import serializers

from rest.fields import (
    FastBooleanField,
    FastCharField,
    FastChoiceField,
    FastEmailField,
    FastIntegerField,
    FastIPAddressField,
    FastJSONField,
    UtcDateTimeField,
)

_Model = TypeVar("_Model", bound=models.Model)


# No docstring: the schema would describe every serializer without one by it.
class FastModelSerializer(serializers.ModelSerializer[_Model]):
    serializer_choice_field = FastChoiceField
    serializer_field_mapping: ClassVar[Any] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.BigAutoField: FastIntegerField,
        models.BigIntegerField: FastIntegerField,
        models.BooleanField: FastBooleanField,
        models.CharField: FastCharField,
        models.EmailField: FastEmailField,
        models.GenericIPAddressField: FastIPAddressField,
        models.JSONField: FastJSONField,
        models.PositiveBigIntegerField: FastIntegerField,
        models.PositiveIntegerField: FastIntegerField,
        models.TextField: FastCharField,
    }

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        """Return the field for a column; moments are the server's to write."""
        if isinstance(model_field, models.DateTimeField):
            return UtcDateTimeField, {"allow_null": True} if model_field.null else {}
        return super().build_standard_field(field_name, model_field)

    @cached_property
    def _readable_fields(self) -> list[Any]:
        """Return what REST framework gathers anew for each row."""
        return [field for field in self.fields.values() if not field.write_only]

    def get_fields(self) -> dict[str, Any]:
        """Return copies: flat ones to read with, for binding is all that changes such a field.

        The messages of validators keep the language in which they were first read, so whoever
        writes gets fields of their own to write with.
        """
        writes = hasattr(self.root, "initial_data")
        return {
            name: copy.deepcopy(field) if writes and not field.read_only else copy.copy(field)
            for name, field in _fields_of(type(self)).items()
        }


@cache
def _fields_of(shape: type[FastModelSerializer[Any]]) -> dict[str, Any]:
    # Whether a field needs a label is told by comparing words, so they must be the same ones
    # whoever asks first.
    with translation.override("en"):
        return serializers.ModelSerializer.get_fields(shape())


class NoInputSerializer(serializers.Serializer[Any]):
    """A verb that takes nothing."""
