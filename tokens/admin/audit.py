"""The audit of tokens. It is read; nothing here writes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from accounts.models import User
from tokens.admin.export import as_csv
from tokens.admin.filters import CauseFilter
from tokens.admin.pages import TokenPages
from tokens.models import AccessToken, TokenEvent
from tokens.verification import SENTENCES


@admin.register(TokenEvent)
class TokenEventAdmin(TokenPages):
    """The audit. It is read; nothing here writes."""

    list_display = ["at", "what", "token", "subject", "actor", "why", "address", "origin"]
    list_filter = ["verb", CauseFilter, "at"]
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["token_name", "hint", "address", "origin"]
    search_help_text = gettext_lazy("Token's name or last six characters, address, or page")
    list_per_page = 50
    show_full_result_count = False
    actions = None
    # Both lists of actions off would bring an inline style with them.
    actions_on_top = True
    ordering = ["-id"]
    fields = [
        "at", "what", "token", "subject", "actor", "through_token_id", "why", "address", "origin",
        "details",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenEvent]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                subject_name=_name_of("subject_id"),
                actor_name=_name_of("actor_id"),
                token_stands=Subquery(
                    AccessToken.objects.filter(pk=OuterRef("token_id")).values("pk")[:1]
                ),
            )
        )

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        return lookup == "token_id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=gettext_lazy("what"), ordering="verb")
    def what(self, event: TokenEvent) -> str:
        return format_html(
            '<span class="badge badge-{}">{}</span>', event.verb, event.get_verb_display()
        )

    @admin.display(description=gettext_lazy("token"), ordering="token_name")
    def token(self, event: Any) -> str:
        text = format_html("{} <code>…{}</code>", event.token_name, event.hint)
        if event.token_stands is None:
            return text
        page = reverse("admin:tokens_accesstoken_change", args=[event.token_id])
        return format_html('<a href="{}">{}</a>', page, text)

    @admin.display(description=gettext_lazy("person"))
    def subject(self, event: Any) -> str:
        return event.subject_name or f"#{event.subject_id}"

    @admin.display(description=gettext_lazy("by"))
    def actor(self, event: Any) -> str:
        if event.actor_id is None:
            return "–"
        return event.actor_name or f"#{event.actor_id}"

    @admin.display(description=gettext_lazy("cause"))
    def why(self, event: TokenEvent) -> str:
        if event.cause in SENTENCES:
            return str(SENTENCES[event.cause][0])
        return event.cause or "–"

    def get_urls(self) -> list[Any]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("export/", export, name="tokens_tokenevent_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> Any:
        """Answer the whole list that the filters of the address make, as a CSV file."""
        return self._alone(request, self._export)

    def _export(self, request: HttpRequest) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            audit = reverse("admin:tokens_tokenevent_changelist")
            return HttpResponseRedirect(f"{audit}?{ERROR_FLAG}=1")
        return as_csv(changelist.get_queryset(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def history_view(self, request: Any, object_id: str, extra_context: Any = None) -> Any:
        """Go to the row itself: it has no history of its own."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:tokens_tokenevent_change", args=[object_id]))


def _name_of(column: str) -> Subquery:
    names = User.objects.filter(pk=OuterRef(column)).values("username")[:1]
    return Subquery(names, output_field=CharField())
