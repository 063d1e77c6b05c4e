"""/api/tickets."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.actor import Actor
from rest.cursors import PAGINATION_PARAMETERS
from rest.serializers import NoInputSerializer
from rest.viewsets import FamilyViewSet
from tickets.filters import TicketFilter
from tickets.models import Ticket, TicketEvent, TicketQuerySet
from tickets.serializers import (
    AssignSerializer,
    CloseSerializer,
    OwnTicketEventSerializer,
    OwnTicketSerializer,
    TicketEventSerializer,
    TicketSerializer,
)
from tokens.api.permissions import came_by_bearer


class TicketViewSet(FamilyViewSet[Ticket]):
    """Tickets: work with a life-cycle."""

    scope = "tickets"
    # Made once: working out the names' expressions costs as much as reading the ticket.
    queryset = Ticket.objects.with_names()
    serializer_class = TicketSerializer
    filterset_class = TicketFilter
    orderings = ["-id", "-created_at", "-updated_at", "-priority", "waiting_since"]
    example_id = 12
    example_ids = {
        "assign": 39, "claim": 34, "close": 24, "destroy": 30, "hold": 18, "reopen": 33,
        "resolve": 21, "restore": 40,
    }  # fmt: skip

    def get_queryset(self) -> TicketQuerySet:
        tickets, user = cast("TicketQuerySet", super().get_queryset()), self.request.user
        wants_deleted = self.action == "list" and "deleted" in self.request.query_params
        if wants_deleted or self.action == "restore":
            return tickets.tombstones_for(user)
        return tickets.visible_to(user)

    def search(self, tickets: TicketQuerySet, text: str) -> TicketQuerySet:
        return tickets.matching(text)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        serializer = super().get_serializer_class()
        # The schema is made without a caller, and describes what the team sees.
        is_team = getattr(self.request and self.request.user, "is_team_member", True)
        return serializer if is_team else OWN_SERIALIZERS.get(serializer, serializer)

    def perform_create(self, serializer: BaseSerializer[Ticket]) -> None:
        serializer.instance = Ticket.objects.open_for(
            by=Actor.of(self.request), channel=self._channel(), **serializer.validated_data
        )

    def _channel(self) -> str:
        """Return what opens the ticket: a program with a token, or a person of ours on a page."""
        by_hand = Actor.of(self.request).is_team and not came_by_bearer(self.request)
        return Ticket.Channel.AGENT if by_hand else Ticket.Channel.API

    def perform_update(self, serializer: BaseSerializer[Ticket]) -> None:
        ticket = cast("Ticket", serializer.instance)
        ticket.edit(
            by=Actor.of(self.request),
            expected_version=self.expected_version,
            **serializer.validated_data,
        )
        serializer.instance = self._read_again(ticket)

    def perform_destroy(self, ticket: Ticket) -> None:
        ticket.delete_softly(by=Actor.of(self.request), expected_version=self.expected_version)

    # --- Verbs ----------------------------------------------------------------------------------

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def resolve(self, request: Request, pk: str) -> Response:
        """Resolve a ticket.

        Its requester can reopen it for `reopen_window_days`.
        """
        return self._do("resolve")

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def reopen(self, request: Request, pk: str) -> Response:
        """Take a ticket up again.

        The team: from pending, on hold and resolved; administrators also what was closed as
        spam, merged or cancelled. Requesters: their own resolved one, for a while.
        """
        return self._do("reopen")

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def hold(self, request: Request, pk: str) -> Response:
        """Put a ticket on hold.

        It waits for a third party.
        """
        return self._do("hold")

    @action(detail=True, methods=["post"], serializer_class=CloseSerializer)
    def close(self, request: Request, pk: str) -> Response:
        """Close a ticket.

        When its requester writes again, a follow-up ticket opens.
        """
        return self._do("close")

    @action(detail=True, methods=["post"], serializer_class=AssignSerializer)
    def assign(self, request: Request, pk: str) -> Response:
        """Assign a ticket.

        To somebody of the team or to nobody; the first assignment of a new ticket opens it.
        """
        return self._do("edit")

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def claim(self, request: Request, pk: str) -> Response:
        """Take a ticket that nobody has.

        The second of two agents gets 409 already-assigned.
        """
        return self._do("claim")

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def restore(self, request: Request, pk: str) -> Response:
        """Restore a deleted ticket.

        For administrators.
        """
        return self._do("restore")

    def _do(self, verb: str) -> Response:
        """Call one method of the ticket with what the body says; the answer is the ticket."""
        ticket = self.get_object()
        by, given = Actor.of(self.request), self.validated()
        getattr(ticket, verb)(by=by, expected_version=self.expected_version, **given)
        self.serializer_class = TicketSerializer
        return Response(self.get_serializer(self._read_again(ticket)).data)

    def _read_again(self, ticket: Ticket) -> Ticket:
        # Not through visible_to: who gives a ticket away still gets the answer.
        return Ticket.objects.with_names().get(pk=ticket.pk)

    # --- History --------------------------------------------------------------------------------

    @extend_schema(responses=TicketEventSerializer(many=True), filters=False)
    @action(
        detail=True,
        serializer_class=TicketEventSerializer,
        orderings=["id"],
        extra_parameters=PAGINATION_PARAMETERS,
    )
    def events(self, request: Request, pk: str) -> Response:
        """Read the history of a ticket.

        Who did what, when, through which token. Requesters see the moves alone.
        """
        events = TicketEvent.objects.visible_to(request.user).filter(ticket=self.get_object())
        return self.listed(events.with_names())


# How requesters read and write what the team does by the first.
OWN_SERIALIZERS: dict[type[BaseSerializer[Any]], type[BaseSerializer[Any]]] = {
    TicketSerializer: OwnTicketSerializer,
    TicketEventSerializer: OwnTicketEventSerializer,
}
