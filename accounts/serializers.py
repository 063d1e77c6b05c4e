"""Serializers of people and workgroups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError as BrokenRule
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from accounts.actor import token_of
from accounts.avatars import redrawn
from accounts.models import User, Workgroup
from accounts.models.workgroups import LONGEST_NAME
from accounts.names import LONGEST_ADDRESS
from rest.addresses import absolute
from rest.fields import FastCharField, IdsField, UtcDateTimeField
from rest.serializers import FastModelSerializer


@extend_schema_field(OpenApiTypes.URI)
class AvatarField(serializers.Field[Any, Any, Any, Any]):
    """A picture: a file of a form on the way in, its address on the way out, null for none."""

    def get_attribute(self, instance: User) -> User:
        return instance

    def to_representation(self, person: User) -> str | None:
        path = person.avatar_path
        return absolute(self.context["request"], path) if path else None

    def to_internal_value(self, data: Any) -> ContentFile[bytes]:
        if isinstance(data, UploadedFile):
            try:
                return redrawn(data, data.size or 0)
            except BrokenRule as error:
                raise serializers.ValidationError(error.messages, code=error.code) from error
        person = self.root.instance
        if isinstance(person, User) and data == self.to_representation(person):
            # The whole object comes back as it was read.
            raise serializers.SkipField
        raise serializers.ValidationError(
            _("Send the picture as a file of a multipart form, or null to remove it."),
            code="not_a_file",
        )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Person",
            request_only=True,
            value={
                "username": "kim@example.org",
                "display_name": "Kim",
                "external_source": "shop",
                "external_id": "88",
            },
        )
    ]
)
class PersonSerializer(FastModelSerializer[User]):
    """A person as administrators write them and the team reads them."""

    username = FastCharField(max_length=LONGEST_ADDRESS)
    avatar = AvatarField(read_only=True, allow_null=True)
    workgroups = IdsField(required=False, help_text="Ids of the workgroups that they work in.")
    password = serializers.CharField(
        write_only=True,
        required=False,
        max_length=256,
        trim_whitespace=False,
        help_text="Set only by an administrator who signed in with a password.",
    )

    class Meta:
        model = User
        fields = [
            "id", "username", "display_name", "email", "role", "language", "time_zone",
            "availability", "avatar", "is_active", "workgroups", "external_id", "external_source",
            "created_at", "updated_at", "version", "password",
        ]  # fmt: skip
        read_only_fields = ["id", "created_at", "updated_at", "version"]
        # The domain checks it, also where two callers race.
        validators: list[Any] = []


# Made once: to work it out takes longer than to ask it.
_IDS_AND_NAMES = Workgroup.objects.order_by("id").values("id", "name")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Profile",
            request_only=True,
            value={"availability": "AVAILABLE", "time_zone": "Asia/Shanghai"},
        )
    ]
)
class ProfileSerializer(FastModelSerializer[User]):
    """The caller: who they are, what they may change about themselves, and what they may do."""

    avatar = AvatarField(required=False, allow_null=True)
    workgroups = serializers.SerializerMethodField()
    token = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id", "username", "display_name", "email", "role", "language", "time_zone",
            "availability", "avatar", "workgroups", "token", "created_at", "updated_at", "version",
        ]  # fmt: skip
        read_only_fields = [
            "id", "username", "email", "role", "created_at", "updated_at", "version",
        ]  # fmt: skip

    @extend_schema_field(
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
            },
        }
    )
    def get_workgroups(self, person: User) -> list[Mapping[str, Any]]:
        return list(_IDS_AND_NAMES.filter(members=person))

    @extend_schema_field(
        {
            "type": ["object", "null"],
            "description": "The token of this call; null for a password session.",
            "properties": {
                "id": {"type": "integer"},
                "name": {"type": "string"},
                "scopes": {"type": "array", "items": {"type": "string"}},
                "expires_at": {"type": "string", "format": "date-time"},
            },
        }
    )
    def get_token(self, person: User) -> Mapping[str, Any] | None:
        token = token_of(self.context["request"])
        if token is None:
            return None
        return {
            "id": token.pk,
            "name": token.name,
            "scopes": sorted(token.scopes),
            "expires_at": UtcDateTimeField().to_representation(token.expires_at),
        }


@extend_schema_field(OpenApiTypes.BINARY)
class PictureField(AvatarField):
    """The picture itself."""


class ProfileFormSerializer(ProfileSerializer):
    """What a person may change about themselves, as a form with a picture."""

    avatar = PictureField(
        required=False,
        help_text="PNG, JPEG, WebP or GIF, up to 5 MB; it is drawn anew as a square of 256.",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Workgroup",
            request_only=True,
            value={"name": "Returns", "description": "What came back.", "members": [4, 5]},
        )
    ]
)
class WorkgroupSerializer(FastModelSerializer[Workgroup]):
    members = IdsField(required=False, help_text="Ids of the agents and administrators in it.")
    name = FastCharField(max_length=LONGEST_NAME)

    class Meta:
        model = Workgroup
        fields = ["id", "name", "description", "members", "created_at", "updated_at", "version"]
        read_only_fields = ["id", "created_at", "updated_at", "version"]
