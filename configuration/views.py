"""/api/settings: read and write the system configuration."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from configuration.entries import Entry, entries, entry
from configuration.models import DEFAULT, ConfigurationValue
from configuration.registry import UnknownSetting
from configuration.serializers import SettingSerializer
from rest.filters import known_to, refuse_unknown
from rest.viewsets import ApiViewSet, DestroyMixin, UpdateMixin

FIELDS = OpenApiParameter("fields", str, description="Answer with these fields only.")
KEY = OpenApiParameter("key", str, OpenApiParameter.PATH, description="The key of the setting.")


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

    def get_object(self) -> Any:
        try:
            return entry(self.kwargs["key"])
        except UnknownSetting as error:
            raise Http404 from error

    @extend_schema(parameters=[FIELDS], responses=SettingSerializer(many=True))
    def list(self, request: Request) -> Response:
        """All settings, in the order of the admin's page."""
        return Response(self.get_serializer(entries(), many=True).data)

    @extend_schema(parameters=[KEY, FIELDS])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One setting with its present value, its default, and what it may be."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(parameters=[KEY])
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write the value. Every process follows within 5 seconds."""
        return super().update(request, *args, **kwargs)

    @extend_schema(parameters=[KEY])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write the value. Every process follows within 5 seconds."""
        return super().partial_update(request, *args, **kwargs)

    @extend_schema(summary="Give a setting its default back", parameters=[KEY])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The answer is the setting as it was."""
        return super().destroy(request, *args, **kwargs)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        instance: Any = serializer.instance
        if "value" in serializer.validated_data:
            self._assign(instance, serializer.validated_data["value"])
            serializer.instance = self.get_object()

    def perform_destroy(self, instance: Any) -> None:
        self._assign(instance, DEFAULT)

    def _assign(self, instance: Entry, value: Any) -> None:
        token = getattr(self.request, "access_token", None)
        key, version = instance.key, self.expected_version
        try:
            ConfigurationValue.objects.assign(
                {key: value},
                actor_id=self.request.user.pk,
                token_id=token.pk if token else None,
                expected_versions={} if version is None else {key: version},
            )
        except ValidationError as error:
            # Callers of the API sent it as `value`.
            raise ValidationError({"value": next(iter(error.error_dict.values()))}) from error
