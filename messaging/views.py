"""/api/conversations and /api/messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.actor import Actor
from accounts.models import User
from messaging.filters import ConversationFilter, MessageFilter
from messaging.models import Conversation, ConversationQuerySet, Message, MessageQuerySet
from messaging.models.participant import seq_column
from messaging.posting import StaleReply
from messaging.serializers import (
    ConversationAssignSerializer,
    ConversationSerializer,
    MessageSerializer,
    NewConversationSerializer,
    NewMessageSerializer,
    ReadUpToSerializer,
    WrittenMessageSerializer,
)
from records.errors import invalid_field
from rest.cursors import OrderingName
from rest.serializers import NoInputSerializer
from rest.viewsets import ApiViewSet, CreateMixin, FamilyViewSet, ListMixin, RetrieveMixin
from tickets.models import Ticket
from tokens.api.permissions import need_scope

_Row = TypeVar("_Row", bound=Model)


class MessageViewSet(FamilyViewSet[Message]):
    """Messages: numbered without gaps, never deleted, only recalled."""

    scope = "messages"
    queryset = Message.objects.with_names()
    serializer_class = MessageSerializer
    filterset_class = MessageFilter
    orderings: list[OrderingName] = ["-id"]
    # Whoever counts by it sees no notes, which alone have none.
    filled_columns = frozenset({"public_seq"})
    example_id = 68

    def get_queryset(self) -> MessageQuerySet:
        messages = cast("MessageQuerySet", super().get_queryset())
        return messages.visible_to(self.request.user)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return NewMessageSerializer if self.action == "create" else super().get_serializer_class()

    def search(self, messages: MessageQuerySet, text: str) -> MessageQuerySet:
        return messages.matching(text)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "ordering",
                enum=["seq", "-seq", "id", "-id"],
                description=(
                    "With `ticket` or `conversation` by `seq`, without either by `id`; a leading "
                    "“-” sorts downwards. Without it: `seq`, with `before_seq` `-seq`; `-id`."
                ),
            )
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List messages.

        Of one conversation or ticket by number, upwards (downwards with `before_seq`); without
        either, your newest.
        """
        if {"conversation", "ticket"} & set(request.query_params):
            name = "-seq" if "before_seq" in request.query_params else "seq"
            self.orderings = [(name, seq_column(request.user))]
        return super().list(request, *args, **kwargs)

    @extend_schema(request=NewMessageSerializer, responses=WrittenMessageSerializer)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write a message.

        In a conversation or to a ticket. What the requester of a closed ticket writes goes to a
        follow-up ticket: look at `ticket` in the answer. Sent again with the same `client_id`,
        the answer is the first message, with `duplicate`.
        """
        given = self.validated()
        conversation = self._conversation(given)
        try:
            message, duplicate = conversation.post(by=Actor.of(request), **given)
        except StaleReply as stale:
            # As the caller sees them.
            stale.details["messages"] = self._shown(stale.missed, many=True)
            raise
        return self.created({**self._shown(message), "duplicate": duplicate})

    def _conversation(self, given: dict[str, Any]) -> Conversation:
        """Take the conversation, or its ticket, out of the input."""
        user = self.request.user
        if "ticket" in given:
            tickets = Ticket.objects.visible_to(user)
            return Conversation.objects.for_ticket(_take(given, "ticket", tickets))
        conversations = Conversation.objects.visible_to(user).select_related("ticket")
        return _take(given, "conversation", conversations)

    def _shown(self, what: Message | Sequence[Message], *, many: bool = False) -> Any:
        return MessageSerializer(what, many=many, context=self.get_serializer_context()).data

    def perform_update(self, serializer: BaseSerializer[Message]) -> None:
        message = cast("Message", serializer.instance)
        content = serializer.validated_data.get("content", message.content)
        message.edit(
            by=Actor.of(self.request), content=content, expected_version=self.expected_version
        )

    @extend_schema(summary="Recall a message")
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take it back: its place stays, its words are gone. The answer is how it was."""
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, message: Message) -> None:
        message.recall(by=Actor.of(self.request), expected_version=self.expected_version)

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def recall(self, request: Request, pk: str) -> Response:
        """Recall a message.

        Its place stays, its words are gone. For its author, and for administrators.
        """
        self.validated()
        message = self.get_object()
        message.recall(by=Actor.of(request), expected_version=self.expected_version)
        return Response(self._shown(message))


def _take(given: dict[str, Any], name: str, visible: QuerySet[_Row]) -> _Row:
    """Take an id out of the input and return its row; raises ValidationError if there is none."""
    if row := visible.filter(pk=given.pop(name)).first():
        return row
    message = _("There is none with this id, or it is not yours to see.")
    raise invalid_field(name, message, "does_not_exist")


class ConversationViewSet(CreateMixin, RetrieveMixin, ListMixin, ApiViewSet[Conversation]):
    """Conversations: chats, and the talk of tickets."""

    scope = "messages"
    serializer_class = ConversationSerializer
    filterset_class = ConversationFilter
    orderings = ["-last_message_at", "-id"]
    example_id = 35
    example_ids = {"assign": 37, "claim": 36, "close": 34, "reopen": 4}

    def get_queryset(self) -> ConversationQuerySet:
        user = cast("User", self.request.user)
        return Conversation.objects.visible_to(user).with_state().with_unread(user)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return (
            NewConversationSerializer if self.action == "create" else super().get_serializer_class()
        )

    @extend_schema(request=NewConversationSerializer, responses=ConversationSerializer)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Start a chat.

        It waits in the queue until somebody claims it.
        """
        chat = Conversation.objects.start(by=Actor.of(request), **self.validated())
        return self.created(self._shown(chat))

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def claim(self, request: Request, pk: str) -> Response:
        """Take a conversation that nobody has.

        The second of two agents gets 409 already-assigned. With a ticket, the ticket is taken; that
        needs `tickets:write`, too.
        """
        return self._change(Conversation.claim)

    @action(detail=True, methods=["post"], serializer_class=ConversationAssignSerializer)
    def assign(self, request: Request, pk: str) -> Response:
        """Assign a conversation.

        To somebody of the team, or to nobody; with a ticket, the ticket is assigned. That needs
        `tickets:write`, too.
        """
        return self._change(Conversation.assign)

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def close(self, request: Request, pk: str) -> Response:
        """Close a conversation.

        With a ticket, the ticket is closed as resolved. That needs `tickets:write`, too.
        """
        return self._change(Conversation.close)

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def reopen(self, request: Request, pk: str) -> Response:
        """Take a conversation up again.

        With a ticket, the ticket is reopened, with its rules. That needs `tickets:write`, too.
        """
        return self._change(Conversation.reopen)

    @action(detail=True, methods=["post"], serializer_class=ReadUpToSerializer, takes_version=False)
    def read(self, request: Request, pk: str) -> Response:
        """Note how far you have read.

        It never goes back.
        """
        conversation = self.get_object()
        conversation.read(by=Actor.of(request), **self.validated())
        return Response(self._shown(conversation))

    def _change(self, verb: Callable[..., None]) -> Response:
        """Call a verb of conversations with what the body says."""
        conversation = self.get_object()
        if conversation.ticket_id is not None:
            # It is the ticket that moves.
            need_scope(self.request, "tickets:write")
        by, given = Actor.of(self.request), self.validated()
        verb(conversation, by=by, expected_version=self.expected_version, **given)
        return Response(self._shown(conversation))

    def _shown(self, conversation: Conversation) -> Any:
        user = cast("User", self.request.user)
        # Not through visible_to: who gives it away still gets the answer.
        row = Conversation.objects.with_state().with_unread(user).get(pk=conversation.pk)
        return ConversationSerializer(row, context=self.get_serializer_context()).data
