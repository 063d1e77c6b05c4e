"""/api/tokens and /api/login-links."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.actor import Actor
from records.errors import Forbidden
from rest.cursors import PAGINATION_PARAMETERS
from rest.schema.examples import edited_like
from rest.serializers import NoInputSerializer
from rest.viewsets import ApiViewSet, FamilyViewSet
from tokens.api.filters import TokenFilter
from tokens.api.permissions import LOGIN, HasScope, PasswordGiven, came_by_bearer
from tokens.api.serializers import (
    DisableSerializer,
    LoginLinkSerializer,
    NewTokenSerializer,
    RotateSerializer,
    TokenEventSerializer,
    TokenSerializer,
)
from tokens.login.links import make_login_link
from tokens.models import AccessToken, AccessTokenQuerySet, TokenEvent
from tokens.request import address_of


@edited_like(name="Screen in the hall", domains=[])
class TokenViewSet(FamilyViewSet[AccessToken]):
    """AccessTokens. Administrators see all of them and write, everybody else reads their own."""

    scope = "tokens"
    permission_classes = [HasScope, PasswordGiven]
    serializer_class = TokenSerializer
    filterset_class = TokenFilter
    orderings = ["-id", "expires_at"]
    example_id = 3
    # One that goes no further than that of the caller.
    example_ids = {"destroy": 5, "disable": 2, "enable": 5, "rotate": 5, "update": 5}

    def get_queryset(self) -> AccessTokenQuerySet:
        tokens = AccessToken.objects.visible_to(self.request.user)
        return tokens.select_related("user").with_predecessor()

    def search(self, tokens: AccessTokenQuerySet, text: str) -> AccessTokenQuerySet:
        return tokens.matching(text)

    @extend_schema(summary="Make a token", responses=NewTokenSerializer)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """The answer is the one place where the token itself stands, in `token`.

        Through a token: for its own person, with permissions, domains, networks and an expiry
        that are no wider than its own.
        """
        return super().create(request, *args, **kwargs)

    @transaction.atomic
    @sensitive_variables("secret")
    def perform_create(self, serializer: BaseSerializer[AccessToken]) -> None:
        wanted = {"user": self.request.user, **serializer.validated_data}
        token, secret = AccessToken.objects.issue(by=Actor.of(self.request), **wanted)
        serializer.instance = self._shown(token, secret)

    def perform_update(self, serializer: BaseSerializer[AccessToken]) -> None:
        token = cast("AccessToken", serializer.instance)
        token.edit(
            by=Actor.of(self.request),
            expected_version=self.expected_version,
            **serializer.validated_data,
        )

    def perform_destroy(self, token: AccessToken) -> None:
        token.remove(by=Actor.of(self.request), expected_version=self.expected_version)

    # --- Verbs ----------------------------------------------------------------------------------

    @action(detail=True, methods=["post"], serializer_class=DisableSerializer)
    def disable(self, request: Request, pk: str) -> Response:
        """Disable a token.

        Every call and every session of it ends at once; enabling takes it back. A token may
        disable every token that its person sees.
        """
        token = self.get_object()
        token.disable(**self._given())
        return self._answer(token)

    @action(detail=True, methods=["post"], serializer_class=NoInputSerializer)
    def enable(self, request: Request, pk: str) -> Response:
        """Enable a token that was disabled."""
        token = self.get_object()
        token.enable(**self._given())
        return self._answer(token)

    @extend_schema(responses=NewTokenSerializer)
    @action(detail=True, methods=["post"], serializer_class=RotateSerializer)
    @transaction.atomic
    @sensitive_variables("secret")
    def rotate(self, request: Request, pk: str) -> Response:
        """Rotate a token.

        The answer is the successor, with the token itself in `token`. The old one stays good for
        the grace. It has one successor only: a repeat answers that one, with null in `token`.
        """
        token, given = self.get_object(), self._given()
        seconds = given.pop("grace_seconds", None)
        grace = None if seconds is None else timedelta(seconds=seconds)
        successor, secret = token.rotate(grace=grace, **given)
        return self._answer(self._shown(successor, secret))

    def _given(self) -> dict[str, Any]:
        """Return what the body says, with the caller and the version that they read."""
        by = Actor.of(self.request)
        return {"by": by, "expected_version": self.expected_version, **self.validated()}

    @sensitive_variables("secret")
    def _shown(self, token: AccessToken, secret: str | None) -> AccessToken:
        """Return the token as lists read it, with the secret for this one answer."""
        row = self.get_queryset().get(pk=token.pk)
        vars(row)["shown_once"] = secret
        if secret is not None:
            self.shows_secret = True
            row.record("shown", by=Actor.of(self.request))
        return row

    def _answer(self, token: AccessToken) -> Response:
        self.serializer_class = TokenSerializer
        return Response(self.get_serializer(token).data)

    # --- Audit ----------------------------------------------------------------------------------

    @extend_schema(responses=TokenEventSerializer(many=True), filters=False)
    @action(
        detail=True,
        serializer_class=TokenEventSerializer,
        orderings=["-id"],
        extra_parameters=PAGINATION_PARAMETERS,
    )
    def events(self, request: Request, pk: str) -> Response:
        """Read the audit of a token.

        What happened to it, by whom, through which token, from where. It outlives the token.
        """
        events: Any = TokenEvent.objects.filter(token_id=self.get_object().pk)
        return self.listed(events)


class LoginLinkViewSet(ApiViewSet[AccessToken]):
    """Login links."""

    scope = LOGIN
    serializer_class = LoginLinkSerializer
    # Describes the addresses alone: a link cannot be read again.
    queryset = AccessToken.objects.none()
    shows_secret = True

    @extend_schema(summary="Make a login link")
    @sensitive_variables("link")
    def create(self, request: Request) -> Response:
        """An address that signs one browser in, once, within 60 seconds.

        The token itself never reaches the browser. It is the address of a login by token, with a
        one-time code in the place of the token, and it is held to the same domains and networks.
        A token of an administrator with `tokens:write` may name another person in `user`; the
        session then has the rights that both have. Made by tokens alone, not in a session.
        """
        given = self.validated()
        if not came_by_bearer(request):
            message = _("Login links are made by a program that sends its token as a bearer.")
            raise Forbidden(message, code="bearer-needed")
        token = cast("AccessToken", request.auth)
        link = make_login_link(token, address=address_of(request._request), **given)
        return Response(self.get_serializer(link).data)
