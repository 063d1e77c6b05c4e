"""Tickets and their history, as the team and as requesters read and write them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.models import User, Workgroup
from rest.fields import (
    FastCharField,
    FastChoiceField,
    FastIntegerField,
    LargeTextField,
    RedactedField,
    RelatedIdField,
    RelatedNameField,
    TextListField,
)
from rest.serializers import FastModelSerializer
from tickets.models import Ticket, TicketEvent
from tickets.models.querysets import FIRST_NUMBER
from tickets.models.ticket import LONGEST_CONTENT
from tokens.api.fields import KnownIdField


class NumberField(FastCharField):
    """What people call a ticket."""

    EXPRESSION = Concat(Value("T-"), Cast(F("pk") + FIRST_NUMBER, CharField()))

    def column(self) -> Concat:
        return self.EXPRESSION


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Ticket",
            request_only=True,
            value={
                "title": "Order 2041 came damaged",
                "content": "Two of six glasses are broken.",
                "priority": "medium",
                "tags": ["orders"],
            },
        )
    ]
)
class TicketSerializer(FastModelSerializer[Ticket]):
    """A ticket as the team reads and writes it."""

    number = NumberField(read_only=True)
    title = FastCharField(max_length=200)
    content = LargeTextField(
        max_length=LONGEST_CONTENT, trim_whitespace=False, help_text="Markdown."
    )
    priority = FastChoiceField(
        choices=Ticket.Priority.choices,
        required=False,
        help_text="Without it: `default_priority` of the settings.",
    )
    status = FastChoiceField(
        choices=Ticket.Status.choices,
        required=False,
        help_text="Writing it is a move: what the life-cycle forbids is 409 invalid-transition.",
    )
    requester = KnownIdField(
        queryset=User.objects.all(), required=False, help_text="Without it: the caller."
    )
    requester_name = RelatedNameField(allow_null=False)
    assignee = KnownIdField(queryset=User.objects.all(), required=False, allow_null=True)
    assignee_name = RelatedNameField()
    workgroup = KnownIdField(queryset=Workgroup.objects.all(), required=False, allow_null=True)
    workgroup_name = RelatedNameField()
    tags = TextListField(required=False, help_text="Small letters; sorted.")
    channel = FastChoiceField(choices=Ticket.Channel.choices, read_only=True)
    follow_up_of = RelatedIdField(read_only=True, allow_null=True)

    class Meta:
        model = Ticket
        fields = [
            "id", "number", "title", "content", "priority", "status", "close_reason",
            "requester", "requester_name", "assignee", "assignee_name",
            "workgroup", "workgroup_name", "tags", "channel", "language",
            "external_id", "external_source", "follow_up_of", "created_at", "updated_at",
            "status_changed_at", "first_assigned_at", "first_response_at", "first_resolved_at",
            "resolved_at", "closed_at", "last_message_at", "waiting_since",
            "reopen_count", "reply_count", "version",
        ]  # fmt: skip
        read_only_fields = ["id", "reopen_count", "reply_count", "version"]
        # The domain checks it, also where two callers race.
        validators: list[Any] = []


class OwnTicketSerializer(TicketSerializer):
    """A ticket as its requester reads and writes it: how the team sorts its work stays inside."""

    WITHHELD: ClassVar[dict[str, Any]] = {
        "workgroup": None,
        "workgroup_name": None,
        "tags": [],
        "external_id": "",
        "external_source": "",
    }

    def get_fields(self) -> dict[str, Any]:
        """Return the same names; what the caller cannot write is ignored when it is sent back."""
        return {
            **super().get_fields(),
            "requester": RelatedIdField(read_only=True),
            "assignee": RelatedIdField(read_only=True),
            "close_reason": FastCharField(read_only=True),
            **{name: RedactedField(value) for name, value in self.WITHHELD.items()},
        }


class AssignSerializer(serializers.Serializer[Any]):
    assignee = KnownIdField(
        queryset=User.objects.all(), allow_null=True, help_text="null: back into the queue."
    )
    workgroup = KnownIdField(queryset=Workgroup.objects.all(), required=False, allow_null=True)


class CloseSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(
        choices=Ticket.CloseReason.choices,
        required=False,
        help_text="Without it the ticket closes as resolved.",
    )


class TicketEventSerializer(FastModelSerializer[TicketEvent]):
    """One line of the history. People, workgroups and tokens stand there by their ids."""

    actor = RelatedIdField(read_only=True, allow_null=True, help_text="null: the system itself.")
    actor_name = RelatedNameField()
    token = FastIntegerField(source="token_id", read_only=True, allow_null=True)

    class Meta:
        model = TicketEvent
        fields = [
            "id", "at", "verb", "field", "old", "new", "detail", "seconds",
            "actor", "actor_name", "token",
        ]  # fmt: skip


class OwnTicketEventSerializer(TicketEventSerializer):
    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "token": RedactedField()}
