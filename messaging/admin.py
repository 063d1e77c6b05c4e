"""Conversations in the admin, to be read; and the page of a ticket with its timeline."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from accounts.models import User
from messaging import timeline
from messaging.models import Conversation, Message
from records.admin.lists import ChoiceFilter, ReadOnlyAdmin, badge
from records.rendered import LARGE, read_page
from tickets.admin import TicketAdmin
from tickets.models import Ticket

MOST_MESSAGES = 200

admin.site.unregister(Ticket)


@admin.register(Ticket)
class TicketWithTimelineAdmin(TicketAdmin):
    """The tickets' own pages, and under each ticket what was said and done."""

    change_form_template = "admin/messaging/ticket.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        ticket = kwargs.get("obj")
        if ticket is not None:
            sees_messages = request.user.has_perm("messaging.view_message")
            context["sees_messages"] = sees_messages
            context["timeline"] = timeline.of_ticket(
                ticket,
                cast("User", request.user),
                before=request.GET.get("before", ""),
                with_messages=sees_messages,
            )
        return super().render_change_form(request, context, *args, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go to the timeline: it is the ticket's history."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(f"{self.page_of(object_id)}#timeline")


class StateFilter(ChoiceFilter):
    """A ticket decides the state of its conversation; a chat has its own."""

    title = gettext_lazy("status")
    parameter_name = column = "state"
    options = Conversation.Status.choices


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = [
        "label",
        "about",
        "state_badge",
        "with_whom",
        "who_has_it",
        "said",
        "last_message_at",
    ]
    list_filter = ["kind", StateFilter]
    search_fields = [
        "ticket__searched__contains",
        "requester__searched__contains",
        "ticket__requester__searched__contains",
    ]
    search_help_text = gettext_lazy("Title of the ticket, or username of the requester")
    ordering = ["-last_message_at", "-id"]
    fields = ["label", "about", "state_badge", "with_whom", "who_has_it", "created_at"]
    change_form_template = "admin/messaging/conversation.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        conversations = Conversation.objects.visible_to(request.user).with_state()
        texts = [f"ticket__{name}" for name in LARGE]
        return conversations.select_related("ticket").defer(*texts)

    @admin.display(description=gettext_lazy("conversation"), ordering="id")
    def label(self, conversation: Conversation) -> str:
        return str(conversation)

    @admin.display(description=gettext_lazy("about"))
    def about(self, conversation: Any) -> str:
        return conversation.title or "–"

    @admin.display(description=gettext_lazy("status"), ordering="state")
    def state_badge(self, conversation: Any) -> str:
        label = Conversation.Status(conversation.state).label
        return badge(conversation.state, label)

    @admin.display(description=gettext_lazy("with"))
    def with_whom(self, conversation: Any) -> str:
        return conversation.requester_name or "–"

    @admin.display(description=gettext_lazy("assignee"))
    def who_has_it(self, conversation: Any) -> str:
        return conversation.assignee_name or "–"

    @admin.display(description=gettext_lazy("messages"), ordering="last_seq")
    def said(self, conversation: Conversation) -> int:
        return conversation.last_seq

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        conversation = kwargs.get("obj")
        if conversation is not None:
            newest = Message.objects.as_seen_by(request.user).filter(conversation=conversation)
            newest = newest.select_related("author").order_by("-seq")
            rows, _was_cut = read_page(newest, MOST_MESSAGES)
            context["said"] = [timeline.entry_of(message) for message in rows[::-1]]
            context["has_more"] = conversation.last_seq > len(rows)
        return super().render_change_form(request, context, *args, **kwargs)
