"""Shapes of tickets and their history."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from accounts.models import User, Workgroup
from rest.fields import Moment, NameOf, Number, RelatedId, Text, Withheld, Word, Words
from rest.serializers import ModelShape
from tickets.models import Ticket, TicketEvent
from tickets.models.ticket import LONGEST_CONTENT


class TicketSerializer(ModelShape[Ticket]):
    """A ticket as the team reads and writes it."""

    number = Text(read_only=True)
    title = Text(max_length=200)
    content = Text(max_length=LONGEST_CONTENT, trim_whitespace=False, help_text="Markdown.")
    priority = Word(
        choices=Ticket.Priority.choices,
        required=False,
        help_text="Without it: `default_priority` of the settings.",
    )
    status = Word(
        choices=Ticket.Status.choices,
        required=False,
        help_text="Writing it is a move: what the life-cycle forbids is 409 invalid-transition.",
    )
    requester = RelatedId(
        queryset=User.objects.all(), required=False, help_text="Without it: the caller."
    )
    requester_name = NameOf(allow_null=False)
    assignee = RelatedId(queryset=User.objects.all(), required=False, allow_null=True)
    assignee_name = NameOf()
    workgroup = RelatedId(queryset=Workgroup.objects.all(), required=False, allow_null=True)
    workgroup_name = NameOf()
    tags = Words(required=False, help_text="Small letters; sorted.")
    channel = Word(choices=Ticket.Channel.choices, read_only=True)
    follow_up_of = RelatedId(read_only=True)
    created_at = Moment()
    updated_at = Moment()
    status_changed_at = Moment()
    first_assigned_at = Moment(allow_null=True)
    first_response_at = Moment(allow_null=True)
    first_resolved_at = Moment(allow_null=True)
    resolved_at = Moment(allow_null=True)
    closed_at = Moment(allow_null=True)
    last_message_at = Moment(allow_null=True)
    waiting_since = Moment(allow_null=True)

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
            "requester": RelatedId(read_only=True),
            "assignee": RelatedId(read_only=True),
            "close_reason": Text(read_only=True),
            **{name: Withheld(value) for name, value in self.WITHHELD.items()},
        }


class AssignSerializer(serializers.Serializer[Any]):
    assignee = RelatedId(
        queryset=User.objects.all(), allow_null=True, help_text="null: back into the queue."
    )
    workgroup = RelatedId(queryset=Workgroup.objects.all(), required=False, allow_null=True)


class CloseSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(
        choices=Ticket.CloseReason.choices,
        required=False,
        help_text="Without it the ticket closes as resolved.",
    )


class TicketEventSerializer(ModelShape[TicketEvent]):
    """One line of the history. People, workgroups and tokens stand there by their ids."""

    actor = RelatedId(read_only=True, allow_null=True, help_text="null: the system itself.")
    actor_name = NameOf()
    token = Number(source="token_id", read_only=True, allow_null=True)
    at = Moment()

    class Meta:
        model = TicketEvent
        fields = [
            "id", "at", "verb", "field", "old", "new", "detail", "seconds",
            "actor", "actor_name", "token",
        ]  # fmt: skip


class OwnTicketEventSerializer(TicketEventSerializer):
    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "token": Withheld()}
