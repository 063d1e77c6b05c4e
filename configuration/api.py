"""/api/settings: read and write the system configuration."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.actor import Actor
from configuration.declared import Group, UnknownSetting
from configuration.models import DEFAULT, ConfigurationValue
from configuration.states import SettingState, setting_state, setting_states
from configuration.values import assign
from rest.filters import known_to, refuse_unknown
from rest.schema.operations import ONLY_THESE
from rest.viewsets import ApiViewSet, DestroyMixin, UpdateMixin

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
    # Serializers have a label of their own; REST framework takes the field out of its way.
    label: Any = serializers.CharField()


@extend_schema_serializer(
    examples=[OpenApiExample("Value", value={"value": "high"}, request_only=True)]
)
class SettingSerializer(serializers.Serializer[SettingState]):
    """A setting: what it is, what it may be, and its present value, the one writable field."""

    key = serializers.CharField(read_only=True)
    value = AnyValueField()
    default = AnyValueField(read_only=True)
    type = serializers.ChoiceField(choices=TYPES, read_only=True)
    group = serializers.ChoiceField(choices=Group.choices, read_only=True)
    label: Any = serializers.CharField(read_only=True)
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


FIELDS = OpenApiParameter("fields", {"type": "string", "minLength": 1}, description=ONLY_THESE)
KEY = OpenApiParameter(
    "key",
    str,
    OpenApiParameter.PATH,
    description="The key of the setting.",
    examples=[OpenApiExample("default_priority", value="default_priority")],
)


@extend_schema_view(partial_update=extend_schema(parameters=[KEY]))
class SettingViewSet(RetrieveModelMixin, UpdateMixin, DestroyMixin, ApiViewSet[Any]):
    """The settings of the system. All of them exist always; deleting one gives its default back."""

    scope = "settings"
    serializer_class = SettingSerializer
    queryset = ConfigurationValue.objects.none()
    pagination_class = None
    filter_backends = ()
    lookup_field = "key"
    lookup_value_regex = "[^/]+"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown(request, known_to(self))

    def get_object(self) -> SettingState:
        try:
            return setting_state(self.kwargs["key"])
        except UnknownSetting as error:
            raise Http404 from error

    @extend_schema(parameters=[FIELDS], responses=SettingSerializer(many=True))
    def list(self, request: Request) -> Response:
        """All settings, in the order of the admin's page."""
        return Response(self.get_serializer(setting_states(), many=True).data)

    @extend_schema(parameters=[KEY, FIELDS])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One setting with its present value, its default, and what it may be."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(parameters=[KEY])
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write the value. Every process follows within 5 seconds."""
        return super().update(request, *args, **kwargs)

    @extend_schema(summary="Give a setting its default back", parameters=[KEY])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The answer is the setting as it was."""
        return super().destroy(request, *args, **kwargs)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        if "value" in serializer.validated_data:
            self._assign(serializer.validated_data["value"])
            serializer.instance = self.get_object()

    def perform_destroy(self, instance: SettingState) -> None:
        self._assign(DEFAULT)

    def _assign(self, value: Any) -> None:
        key, version = self.kwargs["key"], self.expected_version
        versions = {} if version is None else {key: version}
        try:
            assign({key: value}, by=Actor.of(self.request), expected_versions=versions)
        except ValidationError as error:
            # Callers of the API sent it as `value`.
            raise ValidationError({"value": next(iter(error.error_dict.values()))}) from error
