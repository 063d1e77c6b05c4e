"""Shapes of AccessTokens and their audit."""

from __future__ import annotations

from datetime import UTC
from typing import Any, NoReturn

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from accounts.actor import token_of
from accounts.models import User
from accounts.models.querysets import LONGEST_TYPED
from records.ids import LARGEST_ID
from rest.addresses import site_address
from rest.fields import (
    BoundedListField,
    FastCharField,
    FastChoiceField,
    FastIntegerField,
    PassThrough,
    RelatedIdField,
    RelatedNameField,
    TextListField,
    UtcDateTimeField,
    WholeNumberField,
)
from rest.serializers import FastModelSerializer
from tokens.login.addresses import login_address
from tokens.models import AccessToken, TokenEvent
from tokens.models.delegation import beyond_own_token
from tokens.models.rotation import LONGEST_GRACE
from tokens.scopes import Scope


class Scopes(PassThrough, BoundedListField):
    child = serializers.ChoiceField(choices=Scope.choices)


@extend_schema_field({"type": "string", "examples": ["eyJhbGciOiJIUzM4NCJ9.e30.x7Qk2w"]})
class ShownOnce(serializers.CharField):
    """The token itself, in the answer that makes it; other answers do not have the field."""

    def __init__(self) -> None:
        super().__init__(
            read_only=True,
            allow_null=True,
            help_text="The token itself. null where it was made by an earlier call.",
        )

    def get_attribute(self, instance: AccessToken) -> str | None:
        if "shown_once" not in vars(instance):
            raise serializers.SkipField
        secret: str | None = vars(instance)["shown_once"]
        return secret


class PersonOfTokenField(RelatedIdField):
    """Whose token it is. A token names its own person, and does not find out who else is there."""

    def fail(self, key: str, **details: Any) -> NoReturn:
        if key == "does_not_exist" and token_of(self.context["request"]):
            raise beyond_own_token()
        super().fail(key, **details)

    def to_internal_value(self, data: Any) -> Any:
        person = super().to_internal_value(data)
        request = self.context["request"]
        present = getattr(self.parent.instance, "user_id", None)
        if token_of(request) and person.pk not in {request.user.pk, present}:
            raise beyond_own_token()
        return person


class NewTokenSerializer(FastModelSerializer[AccessToken]):
    """An AccessToken with the token itself, which is shown in this answer and never again."""

    name = FastCharField(max_length=120)
    description = FastCharField(max_length=2000, required=False, allow_blank=True)
    user = PersonOfTokenField(
        queryset=User.objects.all(),
        required=False,
        help_text="Without it: the caller. It stays: a token is never passed on.",
    )
    user_name = RelatedNameField(allow_null=False)
    state = FastChoiceField(choices=AccessToken.State.choices, read_only=True)
    scopes = Scopes(
        required=False,
        help_text="Without it: what the role has, but for what is ticked by hand.",
    )
    domains = TextListField(required=False, help_text="Empty: pages of every site.")
    networks = TextListField(required=False, help_text="In CIDR notation. Empty: every network.")
    created_at = UtcDateTimeField()
    created_by = RelatedIdField(read_only=True, allow_null=True)
    expires_at = serializers.DateTimeField(
        required=False,
        default_timezone=UTC,
        help_text="Without it: after `token_default_days`, or when the caller's own token ends.",
    )
    ends_at = UtcDateTimeField(
        help_text="When it opens nothing more: with its grace, if it was rotated."
    )
    disabled_at = UtcDateTimeField(allow_null=True)
    disabled_by = RelatedIdField(read_only=True, allow_null=True)
    predecessor = RelatedIdField(read_only=True, allow_null=True)
    successor = RelatedIdField(read_only=True, allow_null=True)
    grace_until = UtcDateTimeField(allow_null=True)
    used_after_rotation_at = UtcDateTimeField(
        allow_null=True, help_text="The first use after the grace: somebody still carries it."
    )
    last_used_at = UtcDateTimeField(allow_null=True)
    token = ShownOnce()

    class Meta:
        model = AccessToken
        fields = [
            "id", "name", "description", "user", "user_name", "state", "scopes", "domains",
            "networks", "allow_missing_referrer", "hint", "created_at", "created_by", "expires_at",
            "ends_at", "disabled_at", "disabled_by", "disabled_reason", "family", "predecessor",
            "successor", "grace_until", "used_after_rotation_at", "last_used_at",
            "last_used_address", "last_used_origin", "version", "token",
        ]  # fmt: skip
        read_only_fields = [
            "hint", "disabled_reason", "family", "last_used_address", "last_used_origin", "version",
        ]  # fmt: skip


@extend_schema_serializer(
    exclude_fields=["token"],
    examples=[
        OpenApiExample(
            "Token",
            request_only=True,
            value={
                "name": "Night export",
                "description": "Copies the tickets into the data warehouse.",
                "scopes": ["tickets:read"],
                "networks": ["203.0.113.0/24"],
            },
        )
    ],
)
class TokenSerializer(NewTokenSerializer):
    """An AccessToken: whose it is, what it may do, from where, until when."""


class DisableSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="For the audit."
    )


class RotateSerializer(serializers.Serializer[Any]):
    grace_seconds = WholeNumberField(
        min_value=0,
        max_value=int(LONGEST_GRACE.total_seconds()),
        required=False,
        help_text="How long the old token stays good. Without it: `token_grace_hours`.",
    )


class TokenEventSerializer(FastModelSerializer[TokenEvent]):
    """One line of the audit. People and tokens stand there by their ids."""

    at = UtcDateTimeField()
    verb = FastChoiceField(choices=TokenEvent.Verb.choices, read_only=True)
    token = FastIntegerField(source="token_id", read_only=True)
    actor = FastIntegerField(
        source="actor_id", read_only=True, allow_null=True, help_text="null: the system itself."
    )
    through_token = FastIntegerField(
        source="through_token_id",
        read_only=True,
        allow_null=True,
        help_text="The token that the actor came with.",
    )

    class Meta:
        model = TokenEvent
        fields = [
            "id", "at", "verb", "token", "cause", "actor", "through_token", "address", "origin",
            "details",
        ]  # fmt: skip


@extend_schema_field({"type": ["integer", "string"], "examples": [7]})
class PersonNamed(serializers.Field[Any, Any, Any, Any]):
    """A person by id or by username; who that is, the domain finds out."""

    def to_internal_value(self, data: Any) -> int | str:
        is_id = isinstance(data, int) and not isinstance(data, bool) and 0 < data <= LARGEST_ID
        if is_id or (isinstance(data, str) and 0 < len(data) <= LONGEST_TYPED):
            return data
        raise serializers.ValidationError(_("Write an id or a username."), code="invalid")

    def to_representation(self, person: User) -> int:
        return person.pk


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Login link",
            request_only=True,
            value={"target": "agent", "user": 2, "next": "/agent/tickets/12"},
        )
    ]
)
class LoginLinkSerializer(serializers.Serializer[Any]):
    """A link that opens a room once, and how to ask for one."""

    url = serializers.SerializerMethodField()
    target = serializers.ChoiceField(choices=[("agent", "agent"), ("admin", "admin")])
    user = PersonNamed(required=False, help_text="An id or a username. Without it: the caller.")
    next = serializers.CharField(
        source="next_page",
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="A page of the room. Without it: its front page.",
    )
    expires_at = UtcDateTimeField()

    @extend_schema_field(
        {
            "type": "string",
            "format": "uri",
            "examples": ["https://desk.example.com/agent/auth/login?accessToken=wlc_x7Qk2w"],
        }
    )
    def get_url(self, link: Any) -> str:
        site = site_address(self.context["request"])
        return login_address(link.target, link.code, site)
