"""(b) and (d) The shortest DRF code for the same calls: ModelViewSet, page numbers, simplejwt.

It knows no scopes, history or service. (b) shows the columns of a ticket alone; (d1) joins the
names that Weiyu's answer holds too, and (d2) has a table with eight columns.
"""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from rest_framework import generics, serializers, viewsets
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.models import User, Workgroup
from benchmarks.plain.models import LeanTicket
from tickets.models import Ticket

READ_ONLY = [
    "id", "status", "close_reason", "requester", "assignee", "workgroup", "tags", "channel",
    "external_id", "external_source", "follow_up_of", "created_at", "updated_at",
    "status_changed_at", "first_assigned_at", "first_response_at", "first_resolved_at",
    "resolved_at", "closed_at", "last_message_at", "waiting_since", "reopen_count",
    "reply_count", "version",
]  # fmt: skip


class TicketSerializer(serializers.ModelSerializer):
    class Meta:
        model = Ticket
        fields = ["title", "content", "priority", "language", *READ_ONLY]
        read_only_fields = READ_ONLY


class TicketViewSet(viewsets.ModelViewSet):
    queryset = Ticket.objects.order_by("-id")
    serializer_class = TicketSerializer

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.save(requester=self.request.user)


class SameTicketSerializer(TicketSerializer):
    requester_name = serializers.StringRelatedField(source="requester")
    assignee_name = serializers.StringRelatedField(source="assignee")
    workgroup_name = serializers.StringRelatedField(source="workgroup")

    class Meta(TicketSerializer.Meta):
        fields = [
            *TicketSerializer.Meta.fields,
            "number", "requester_name", "assignee_name", "workgroup_name",
        ]  # fmt: skip


class SameTicketViewSet(TicketViewSet):
    queryset = TicketViewSet.queryset.select_related("requester", "assignee", "workgroup")
    serializer_class = SameTicketSerializer


class LeanTicketSerializer(serializers.ModelSerializer):
    class Meta:
        model = LeanTicket
        fields = [
            "id", "title", "content", "status", "priority", "requester", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = ["status", "requester"]


class LeanTicketViewSet(TicketViewSet):
    queryset = LeanTicket.objects.order_by("-id")
    serializer_class = LeanTicketSerializer


class ProfileSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = [
            "id", "username", "email", "display_name", "role", "language", "time_zone",
            "availability", "is_active", "created_at", "updated_at", "version",
        ]  # fmt: skip


class ProfileView(generics.RetrieveUpdateAPIView):
    serializer_class = ProfileSerializer

    def get_object(self) -> User:
        return self.request.user


class WorkgroupSerializer(serializers.ModelSerializer):
    class Meta:
        model = Workgroup
        fields = ["id", "name"]


class SameProfileSerializer(ProfileSerializer):
    workgroups = WorkgroupSerializer(many=True, read_only=True)

    class Meta(ProfileSerializer.Meta):
        fields = [*ProfileSerializer.Meta.fields, "avatar", "workgroups"]


class SameProfileView(ProfileView):
    serializer_class = SameProfileSerializer


def login_by_link(request: HttpRequest) -> HttpResponse:
    """Open a session of Django's own for whom the token names."""
    judge = JWTAuthentication()
    token = judge.get_validated_token(request.GET["accessToken"])
    login(request, judge.get_user(token), backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect("/agent/", status=303)
