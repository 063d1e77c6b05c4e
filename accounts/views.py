"""/api/users, /api/workgroups and /api/user/profile."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.actor import Actor
from accounts.avatars import MEDIA_TYPE
from accounts.filters import PersonFilter, WorkgroupFilter
from accounts.models import User, UserQuerySet, Workgroup, WorkgroupQuerySet
from accounts.serializers import (
    PersonSerializer,
    ProfileFormSerializer,
    ProfileSerializer,
    WorkgroupSerializer,
)
from rest.schema.examples import edited_like
from rest.viewsets import ApiViewSet, FamilyViewSet, UpdateMixin


class EditMixin(UpdateMixin):
    """Change a person or a workgroup as the caller; the answer is how it is then."""

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        cast("User | Workgroup", serializer.instance).edit(
            by=Actor.of(self.request),
            expected_version=self.expected_version,
            **serializer.validated_data,
        )
        serializer.instance = self.get_object()


@edited_like(display_name="Emma Jones", language="en")
class UserViewSet(EditMixin, FamilyViewSet[User]):
    """People: administrators, agents and customers."""

    scope = "users"
    serializer_class = PersonSerializer
    filterset_class = PersonFilter
    orderings = ["-id", "username", "-created_at", "-updated_at"]
    example_id = 6
    example_ids = {"avatar": 1, "destroy": 13}

    def get_queryset(self) -> UserQuerySet:
        # As an attribute: Django makes a queryset for each row otherwise, half the time of a list.
        groups = Prefetch("workgroups", Workgroup.objects.only("id"), to_attr="known_workgroups")
        return User.objects.visible_to(self.request.user).prefetch_related(groups)

    def check_permissions(self, request: Request) -> None:
        if self.action == "avatar" and self.kwargs["pk"] == str(request.user.pk):
            # As part of the own profile.
            self.scope = "profile"
        super().check_permissions(request)

    def search(self, people: UserQuerySet, text: str) -> UserQuerySet:
        return people.matching(text)

    @extend_schema(summary="Deactivate a user")
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End all access of the person; what they wrote stays. The answer is how they were."""
        return super().destroy(request, *args, **kwargs)

    def perform_create(self, serializer: BaseSerializer[User]) -> None:
        by = Actor.of(self.request)
        serializer.instance = User.objects.enrol(by=by, **serializer.validated_data)

    def perform_destroy(self, instance: User) -> None:
        instance.deactivate(by=Actor.of(self.request), expected_version=self.expected_version)

    @extend_schema(
        summary="Read the avatar of a person",
        responses={(200, MEDIA_TYPE): OpenApiTypes.BINARY},
    )
    @action(detail=True, extra_parameters=("v",))
    def avatar(self, request: Request, pk: str) -> HttpResponse:
        """The picture of 256 by 256 pixels, for all who may see the person.

        Any good token reads the one of its own person.
        """
        person = self.get_object()
        if not person.avatar:
            raise Http404
        try:
            with person.avatar.open() as file:
                answer = HttpResponse(file.read(), content_type=MEDIA_TYPE)
        except FileNotFoundError as error:
            raise Http404 from error
        # The address changes with the picture, so the caller's own cache may keep it.
        answer["Cache-Control"] = "private, max-age=31536000, immutable"
        answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return answer


@edited_like(description="Invoices and refunds.", members=[4, 5])
class WorkgroupViewSet(EditMixin, FamilyViewSet[Workgroup]):
    """Workgroups and who is in them."""

    scope = "users"
    serializer_class = WorkgroupSerializer
    filterset_class = WorkgroupFilter
    orderings = ["-id", "name"]
    example_id = 2
    example_ids = {"destroy": 4}

    def get_queryset(self) -> WorkgroupQuerySet:
        people = User.objects.get_queryset().only("id")
        members = Prefetch("members", people, to_attr="known_members")
        return Workgroup.objects.visible_to(self.request.user).prefetch_related(members)

    def perform_create(self, serializer: BaseSerializer[Workgroup]) -> None:
        by = Actor.of(self.request)
        serializer.instance = Workgroup.objects.set_up(by=by, **serializer.validated_data)

    def perform_destroy(self, instance: Workgroup) -> None:
        instance.dissolve(by=Actor.of(self.request), expected_version=self.expected_version)


# A picture is a file in a form, and an address in JSON.
AS_JSON_OR_FORM = extend_schema(
    request={"application/json": ProfileSerializer, "multipart/form-data": ProfileFormSerializer}
)


@extend_schema_view(update=AS_JSON_OR_FORM, partial_update=AS_JSON_OR_FORM)
class ProfileViewSet(RetrieveModelMixin, EditMixin, ApiViewSet[User]):
    """The caller's own profile."""

    scope = "profile"
    serializer_class = ProfileSerializer
    parser_classes = [*ApiViewSet.parser_classes, MultiPartParser]

    def get_queryset(self) -> UserQuerySet:
        return User.objects.visible_to(self.request.user)

    def get_object(self) -> User:
        return cast("User", self.request.user)

    @extend_schema(summary="Read your own profile")
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Who the caller is, and what the token of this call may do."""
        return super().retrieve(request, *args, **kwargs)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change your own profile.

        Name, language, time zone, availability and avatar (as a file of a multipart form).
        """
        return super().update(request, *args, **kwargs)
