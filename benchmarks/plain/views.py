"""(b) The shortest DRF code for the same calls: ModelViewSet, page numbers, stock simplejwt.

It knows no scopes, workgroups, history or service, and shows the columns of a ticket alone: the
names of people, which Weiyu's answer holds, would cost it joins.
"""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from rest_framework import generics, serializers, viewsets
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.models import User
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

    def perform_create(self, serializer: TicketSerializer) -> None:
        serializer.save(requester=self.request.user)


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


def login_by_link(request: HttpRequest) -> HttpResponse:
    """Open a session of Django's own for whom the token names."""
    judge = JWTAuthentication()
    token = judge.get_validated_token(request.GET["accessToken"])
    login(request, judge.get_user(token), backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect("/agent/", status=303)
