"""Tickets in the admin. The life-cycle moves by buttons, and only as it allows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext_lazy

from accounts.actor import Actor
from accounts.models import User
from configuration.values import value
from records.admin.domain import DomainAdmin, DomainForm, ListedField, asking_first
from records.admin.lists import ChoiceFilter, badge
from records.rendered import LARGE
from records.text import LONGEST_SEARCH
from tickets.lifecycle import UNRESOLVED
from tickets.models import Ticket, TicketQuerySet
from tickets.models.tag import split_tags

Status = Ticket.Status
WHO_AND_HOW: tuple[Any, Any] = (
    gettext_lazy("Who and how"),
    {"fields": ["requester", "assignee", "workgroup", "priority", "tags"]},
)


class TagsField(ListedField):
    """Tags with commas between them."""

    separator = ", "

    def split(self, text: str) -> list[str]:
        return split_tags(text)


class TicketForm(DomainForm):
    tags = TagsField(
        label=gettext_lazy("Tags"),
        required=False,
        help_text=gettext_lazy("With commas or semicolons between them."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    class Meta:
        widgets = {"content": forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assignee = cast("forms.ModelChoiceField[User] | None", self.fields.get("assignee"))
        if assignee is not None and assignee.queryset is not None and self.instance.pk:
            # Whoever has the ticket stays, also where they are no longer of the team.
            own = User.objects.get_queryset().filter(pk=self.instance.assignee_id)
            assignee.queryset = assignee.queryset | own


class WorkFilter(ChoiceFilter):
    """Lists of work, and the deleted, which stand nowhere else."""

    title = gettext_lazy("work")
    parameter_name = "work"

    options = [
        ("waiting", gettext_lazy("Waiting for us")),
        ("unassigned", gettext_lazy("Unassigned")),
        ("urgent", gettext_lazy("Urgent")),
        ("unresolved", gettext_lazy("Unresolved")),
        ("deleted", gettext_lazy("Deleted")),
    ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        wanted = self.value()
        if wanted == "deleted":
            return queryset.filter(deleted_at__isnull=False)
        present = cast("TicketQuerySet", queryset.filter(deleted_at=None))
        match wanted:
            case "waiting":
                return present.waiting()
            case "unassigned":
                return present.unresolved().unassigned()
            case "urgent":
                return present.unresolved().filter(priority=Ticket.Priority.URGENT)
            case "unresolved":
                return present.unresolved()
        return present


class TicketList(ChangeList):
    def get_queryset(self, *args: Any, **options: Any) -> QuerySet[Ticket]:
        """Return the rows without their texts, which no list shows."""
        return super().get_queryset(*args, **options).defer(*LARGE)


def waits_since(ticket: Ticket) -> datetime | None:
    return ticket.waiting_since if ticket.status in UNRESOLVED else None


@admin.register(Ticket)
class TicketAdmin(DomainAdmin):
    form = TicketForm
    list_display = [
        "number", "title", "status_badge", "priority_badge", "requester", "assignee", "workgroup",
        "waiting",
    ]  # fmt: skip
    list_display_links = ["number", "title"]
    list_filter = [WorkFilter, "status", "priority", "channel", "workgroup"]
    search_fields = ["searched__contains"]
    search_help_text = gettext_lazy("Number, or words of the title and the content")
    autocomplete_fields = ["requester", "assignee", "workgroup"]
    fieldsets = [
        WHO_AND_HOW,
        (
            gettext_lazy("In other systems"),
            {"fields": ["external_source", "external_id"], "classes": ["collapse"]},
        ),
        (
            gettext_lazy("Dates"),
            {
                "fields": ["channel", "created_at", "updated_at", "resolved_at", "closed_at"],
                "classes": ["collapse"],
            },
        ),
    ]
    # The status has a life-cycle; it moves by the buttons, never by typing.
    readonly_fields = [
        "number", "status_badge", "waiting", "channel", "created_at", "updated_at", "resolved_at",
        "closed_at",
    ]  # fmt: skip
    actions = [
        "take_up", "set_pending", "put_on_hold", "resolve", "close", "delete_tickets",
        "restore_tickets",
    ]  # fmt: skip
    MOVE_BUTTONS = {
        Status.OPEN: ("take_up", pgettext_lazy("ticket action", "Open")),
        Status.PENDING: ("set_pending", gettext_lazy("Set pending")),
        Status.ON_HOLD: ("put_on_hold", gettext_lazy("Put on hold")),
        Status.RESOLVED: ("resolve", gettext_lazy("Resolve")),
        Status.CLOSED: ("close", gettext_lazy("Close")),
    }

    # --- List -----------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return TicketList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        """Return what the person sees, with the deleted beside it: a filter parts them."""
        visible = Ticket.objects.visible_to(request.user)
        tickets = visible | Ticket.objects.tombstones_for(request.user)
        return tickets.select_related("requester", "assignee", "workgroup")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        """Search as everywhere else: `matching` decides what a search means."""
        text = search_term.strip()[:LONGEST_SEARCH]
        tickets = cast("TicketQuerySet", queryset)
        return (tickets.matching(text) if text else tickets), False

    @admin.display(description=gettext_lazy("number"), ordering="id")
    def number(self, ticket: Ticket) -> str:
        return ticket.number

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_badge(self, ticket: Ticket) -> str:
        state = badge(ticket.status, ticket.get_status_display())
        if ticket.close_reason:
            state += format_html(" ({})", ticket.get_close_reason_display())
        if ticket.deleted_at:
            state += format_html(" {}", badge("deleted", _("Deleted")))
        return state

    @admin.display(description=gettext_lazy("priority"), ordering="priority")
    def priority_badge(self, ticket: Ticket) -> str:
        return format_html(
            '<span class="priority priority-{}">{}</span>',
            ticket.priority,
            ticket.get_priority_display(),
        )

    @admin.display(
        description=gettext_lazy("waits"),
        ordering=F("waiting_since").asc(nulls_last=True),
    )
    def waiting(self, ticket: Ticket) -> str:
        since = waits_since(ticket)
        return timesince(since, depth=1) if since else "–"

    # --- Form -----------------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.deleted_at:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody erases a ticket here; the actions delete softly."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Ticket | None = None) -> Any:
        if obj is not None:
            state = ["number", "status_badge"]
            if waits_since(obj):
                state.append("waiting")
            return [(None, {"fields": [state, "title", "content"]}), *self.fieldsets]
        return [(None, {"fields": ["title", "content"]}), WHO_AND_HOW]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "assignee":
            kwargs.setdefault("queryset", User.objects.team())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "priority": value("default_priority"),
            **super().get_changeform_initial_data(request),
        }

    def create(self, fields: dict[str, Any], *, by: Actor) -> Ticket:
        return Ticket.objects.open_for(by=by, channel=Ticket.Channel.AGENT, **fields)

    # --- Moves and actions ----------------------------------------------------------------------

    def object_actions(self, request: HttpRequest, obj: Ticket) -> list[tuple[str, str, bool]]:
        """Offer the moves that are allowed now, and no other."""
        if not request.user.has_perm("tickets.change_ticket"):
            return []
        if obj.deleted_at:
            return [("restore_tickets", _("Restore"), False)]
        can = obj.allowed_moves(Actor.of(request))
        buttons = self.MOVE_BUTTONS.items()
        moves = [(name, str(label), False) for to, (name, label) in buttons if to in can]
        return [*moves, ("delete_tickets", _("Delete"), True)]

    @admin.action(description=pgettext_lazy("ticket action", "Open"), permissions=["change"])
    def take_up(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self.act(request, queryset, Ticket.move_to, status=Status.OPEN)

    @admin.action(description=gettext_lazy("Set pending"), permissions=["change"])
    def set_pending(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self.act(request, queryset, Ticket.move_to, status=Status.PENDING)

    @admin.action(description=gettext_lazy("Put on hold"), permissions=["change"])
    def put_on_hold(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self.act(request, queryset, Ticket.move_to, status=Status.ON_HOLD)

    @admin.action(description=gettext_lazy("Resolve"), permissions=["change"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self.act(request, queryset, Ticket.move_to, status=Status.RESOLVED)

    @admin.action(description=gettext_lazy("Close…"), permissions=["change"])
    @asking_first(
        title=ngettext_lazy("Close the ticket?", "Close %(count)d tickets?", "count"),
        question=gettext_lazy(
            "A closed ticket is archived: what the requester writes opens a new one."
        ),
        reason=gettext_lazy("Reason"),
        reasons=Ticket.CloseReason.choices,
        button=gettext_lazy("Close"),
    )
    def close(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        reason = request.POST["reason"]
        self.act(request, queryset, Ticket.move_to, status=Status.CLOSED, reason=reason)

    @admin.action(description=gettext_lazy("Delete…"), permissions=["change"])
    @asking_first(
        title=ngettext_lazy("Delete the ticket?", "Delete %(count)d tickets?", "count"),
        question=ngettext_lazy(
            "It leaves every list, search and figure. Administrators can restore it under "
            "“Deleted”.",
            "They leave every list, search and figure. Administrators can restore them under "
            "“Deleted”.",
            "count",
        ),
        button=gettext_lazy("Delete"),
        danger=True,
    )
    def delete_tickets(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self.act(request, queryset, _delete)

    @admin.action(description=gettext_lazy("Restore deleted"), permissions=["change"])
    def restore_tickets(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self.act(request, queryset, Ticket.restore)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Ticket], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        # A button stands on the page of one ticket, deleted or not; no filter of a list counts.
        if request.POST.get("back") == "object":
            queryset = self.get_queryset(request)
        return super().response_action(request, queryset, *args, **kwargs)


def _delete(ticket: Ticket, *, by: Actor) -> None:
    if ticket.deleted_at:
        raise PermissionDenied(_("This ticket was deleted already."))
    ticket.delete_softly(by=by)
