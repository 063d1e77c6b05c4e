"""Shapes of conversations and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Case, F, TextField, Value, When
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from accounts.models import User, Workgroup
from messaging.models import Conversation, Message
from messaging.models.message import LONGEST_CONTENT
from messaging.models.participant import seq_column
from records.ids import LARGEST_ID
from rest.fields import (
    FastCharField,
    FastChoiceField,
    FastIntegerField,
    IdField,
    LargeTextField,
    RedactedField,
    RelatedIdField,
    RelatedNameField,
    WholeNumberField,
)
from rest.serializers import FastModelSerializer
from tokens.api.fields import KnownIdField

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


def is_team(user: User | AnonymousUser) -> bool:
    """Return whether `user` sees what the team sees; so does the schema, made without anybody."""
    return not user.is_authenticated or user.is_team_member


@extend_schema_field(OpenApiTypes.INT)
class SeqField(serializers.ReadOnlyField):
    """A number of the caller's own numbering: notes leave no holes in that of customers."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self.prefix = prefix

    def get_attribute(self, instance: Any) -> Any:
        return getattr(instance, self.column())

    def column(self) -> str:
        return self.prefix + seq_column(self.context["request"].user)


class TicketOfMessage(FastIntegerField):
    """The ticket whose conversation it is: an annotation in lists."""

    def get_attribute(self, instance: Message) -> int | None:
        if "ticket" in instance.__dict__:
            return instance.__dict__["ticket"]
        return instance.conversation.ticket_id


class WordsField(LargeTextField):
    """The words of a message, or none once they are recalled."""

    EXPRESSION = Case(
        When(recalled_at=None, then=F("content")), default=Value(""), output_field=TextField()
    )

    def get_attribute(self, instance: Message) -> str:
        return instance.readable_content

    def column(self) -> Case:
        return self.EXPRESSION


class HtmlField(LargeTextField):
    large = "html"

    def get_attribute(self, instance: Message) -> str:
        return instance.safe_html

    def column(self) -> str:
        return "html"


# What stands there already may be written at any time, anything else for some minutes only.
WRITTEN_IN_THE_DEMO = (
    "There is: group by workgroup instead of agent. I am checking whether the export can do it too."
)


@extend_schema_serializer(
    examples=[OpenApiExample("Message", request_only=True, value={"content": WRITTEN_IN_THE_DEMO})]
)
class MessageSerializer(FastModelSerializer[Message]):
    """A message as the caller sees it; only the content can be written, by its author."""

    conversation = RelatedIdField(read_only=True)
    ticket = TicketOfMessage(read_only=True, allow_null=True)
    seq = SeqField()
    author = RelatedIdField(read_only=True, allow_null=True, help_text="null: the system itself.")
    author_name = RelatedNameField()
    kind = FastChoiceField(choices=Message.Kind.choices, read_only=True)
    content = WordsField(
        max_length=LONGEST_CONTENT,
        trim_whitespace=False,
        help_text="Markdown; empty once it is recalled.",
    )
    content_html = HtmlField(read_only=True, help_text="The content as clean HTML.")

    class Meta:
        model = Message
        fields = [
            "id", "conversation", "ticket", "seq", "kind", "author", "author_name", "from_team",
            "internal", "content", "content_html", "client_id", "created_at", "edited_at",
            "recalled_at", "version",
        ]  # fmt: skip
        read_only_fields = ["id", "from_team", "internal", "client_id", "version"]


class WrittenMessageSerializer(MessageSerializer):
    """A message just written, or found to stand there already."""

    duplicate = serializers.BooleanField(
        read_only=True, help_text="True: this client_id was sent before, and nothing was written."
    )

    class Meta(MessageSerializer.Meta):
        fields = [*MessageSerializer.Meta.fields, "duplicate"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Message",
            request_only=True,
            value={"ticket": 12, "content": "A new signature is on its way.", "client_id": "crm-1"},
        )
    ]
)
class NewMessageSerializer(serializers.Serializer[Any]):
    conversation = IdField(required=False)
    ticket = IdField(required=False)
    content = serializers.CharField(
        max_length=LONGEST_CONTENT, trim_whitespace=False, help_text="Markdown."
    )
    internal = serializers.BooleanField(
        default=False, help_text="A note among the team; customers never see it."
    )
    client_id = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=64,
        help_text="Chosen by the sender: sent again, it makes no second message.",
    )
    seen_seq = WholeNumberField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=LARGEST_ID,
        help_text="The last number that the author saw: 409 stale-reply where others wrote since.",
    )
    force = serializers.BooleanField(default=False, help_text="Send it even so.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("conversation" in given) == ("ticket" in given):
            raise serializers.ValidationError(
                {"conversation": [_("Name either a conversation or a ticket.")]}, code="required"
            )
        return given


class ConversationSerializer(FastModelSerializer[Conversation]):
    """A chat, or the talk of a ticket; then the ticket says who has it and whether it goes on."""

    status = FastChoiceField(choices=Conversation.Status.choices, source="state", read_only=True)
    ticket = RelatedIdField(read_only=True, allow_null=True)
    title = FastCharField(read_only=True, allow_null=True, help_text="Of the ticket.")
    requester = FastIntegerField(source="requester_now", read_only=True)
    requester_name = FastCharField(read_only=True)
    assignee = FastIntegerField(source="assignee_now", read_only=True, allow_null=True)
    assignee_name = FastCharField(read_only=True, allow_null=True)
    workgroup = FastIntegerField(source="workgroup_now", read_only=True, allow_null=True)
    last_seq = SeqField(prefix="last_")
    unread = FastIntegerField(read_only=True)

    class Meta:
        model = Conversation
        fields = [
            "id", "kind", "status", "ticket", "title", "requester", "requester_name", "assignee",
            "assignee_name", "workgroup", "last_seq", "unread", "created_at", "last_message_at",
            "closed_at", "version",
        ]  # fmt: skip
        read_only_fields = fields

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; workgroups are the team's own business."""
        fields = super().get_fields()
        if "request" in self.context and not is_team(self.context["request"].user):
            fields["workgroup"] = RedactedField()
        return fields


class NewConversationSerializer(serializers.Serializer[Any]):
    requester = KnownIdField(
        queryset=User.objects.all(),
        required=False,
        help_text="With whom; without it: the caller. Only the team names others.",
    )
    workgroup = KnownIdField(queryset=Workgroup.objects.all(), required=False, allow_null=True)


class ReadUpToSerializer(serializers.Serializer[Any]):
    seq = WholeNumberField(
        required=False,
        min_value=0,
        max_value=LARGEST_ID,
        help_text="Without it: all that there is.",
    )


class ConversationAssignSerializer(serializers.Serializer[Any]):
    assignee = KnownIdField(
        queryset=User.objects.all(), allow_null=True, help_text="null: back into the queue."
    )
