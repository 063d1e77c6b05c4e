"""The shape of a setting."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from configuration.entries import Entry
from configuration.registry import Group

TYPES = ["text", "boolean", "integer", "choice", "language", "time_zone", "list"]

ANY_VALUE = {
    "oneOf": [
        {"type": "integer"},
        {"type": "string"},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "string"}},
    ],
    "description": "Of the type that `type` says.",
}


@extend_schema_field(ANY_VALUE)
class AnyValueField(serializers.JSONField):
    """A value of any type; the setting itself says which of them it accepts."""


class SettingChoiceSerializer(serializers.Serializer[dict[str, str]]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class SettingSerializer(serializers.Serializer[Entry]):
    """A setting: what it is, what it may be, and its present value, the one writable field."""

    key = serializers.CharField(read_only=True)
    value = AnyValueField()
    default = AnyValueField(read_only=True)
    type = serializers.CharField(read_only=True, help_text=f"One of: {', '.join(TYPES)}.")
    group = serializers.CharField(read_only=True, help_text=f"One of: {', '.join(Group.values)}.")
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]
    help = serializers.CharField(read_only=True)
    choices = SettingChoiceSerializer(many=True, read_only=True, allow_null=True)
    minimum = serializers.IntegerField(read_only=True, allow_null=True)
    maximum = serializers.IntegerField(read_only=True, allow_null=True)
    unit = serializers.CharField(read_only=True, allow_null=True)
    security = serializers.BooleanField(
        read_only=True, help_text="Such settings are written by password sessions only."
    )
    updated_at = serializers.DateTimeField(read_only=True, allow_null=True)
    version = serializers.IntegerField(read_only=True)
