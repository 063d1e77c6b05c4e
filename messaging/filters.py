"""What lists of conversations and messages can be narrowed by."""

from __future__ import annotations

from typing import ClassVar

from django_filters.rest_framework import Filter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from messaging.models import Conversation, ConversationQuerySet, Message, MessageQuerySet
from rest.filters import (
    AnyChoiceFilter,
    AnyTextFilter,
    FamilyFilterSet,
    IdFormField,
    TruthFilter,
    any_of_ids,
)


@extend_schema_field(OpenApiTypes.INT)
class WholeNumberFilter(Filter):
    """A number or an id as databases can hold it."""

    field_class = IdFormField

    def __init__(self, **options: object) -> None:
        super().__init__(min_value=0, **options)


class MessageFilter(FamilyFilterSet):
    conversation = WholeNumberFilter(field_name="conversation_id")
    ticket = WholeNumberFilter(field_name="conversation__ticket_id")
    after_seq = WholeNumberFilter(method="by_after")
    before_seq = WholeNumberFilter(method="by_before")

    class Meta:
        model = Message
        fields: ClassVar[list[str]] = ["internal"]

    def by_after(self, messages: MessageQuerySet, name: str, seq: int) -> MessageQuerySet:
        return messages.after(seq, self.request.user)

    def by_before(self, messages: MessageQuerySet, name: str, seq: int) -> MessageQuerySet:
        return messages.before(seq, self.request.user)


class ConversationFilter(FamilyFilterSet):
    kind = AnyChoiceFilter(choices=Conversation.Kind.choices)
    status = AnyChoiceFilter(field_name="state", choices=Conversation.Status.choices)
    ticket = WholeNumberFilter(field_name="ticket_id")
    assignee = AnyTextFilter(method="by_person", help_text="`me`, `none` or ids.")
    requester = AnyTextFilter(method="by_person", help_text="`me` or ids.")
    workgroup = AnyTextFilter(method="by_person", help_text="`none` or ids.")
    unread = TruthFilter(method="by_unread")
    # Customers are not shown it, so they cannot ask by it either.
    TEAM_ONLY = frozenset({"workgroup"})

    class Meta:
        model = Conversation
        fields: ClassVar[list[str]] = []

    def by_person(
        self, conversations: ConversationQuerySet, name: str, words: list[str]
    ) -> ConversationQuerySet:
        return conversations.filter(any_of_ids(f"{name}_now", words, me=self.request.user.pk))

    def by_unread(
        self, conversations: ConversationQuerySet, name: str, wanted: bool
    ) -> ConversationQuerySet:
        return conversations.filter(**{"unread__gt" if wanted else "unread": 0})
