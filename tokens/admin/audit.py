"""The audit of tokens. It is read; nothing here writes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy

from records.admin.filters import PeriodFilter
from records.admin.lists import badge
from records.ids import is_id
from tokens.admin.audit_details import details_of, token_by_id
from tokens.admin.audit_rows import AuditAdmin
from tokens.admin.export import as_csv
from tokens.admin.filters import CauseFilter
from tokens.errors import SENTENCES
from tokens.models import AccessToken, TokenEvent


@admin.register(TokenEvent)
class TokenEventAdmin(AuditAdmin):
    """The audit. It is read; nothing here writes."""

    list_display = ["at", "what", "token_and_person", "actor", "why", "seen_at"]
    list_filter = ["verb", CauseFilter, ("at", PeriodFilter)]
    linked_lookups = ["token_id__exact"]
    fields = [
        "at", "what", "token", "subject", "actor", "through", "why", "address", "origin", "more",
    ]  # fmt: skip

    @admin.display(description=gettext_lazy("what"), ordering="verb")
    def what(self, event: TokenEvent) -> str:
        return badge(event.verb, event.get_verb_display())

    @admin.display(description=gettext_lazy("by"))
    def actor(self, event: Any) -> str:
        if event.actor_id is None:
            return "–"
        return event.actor_name or f"#{event.actor_id}"

    @admin.display(description=gettext_lazy("cause"))
    def why(self, event: TokenEvent) -> str:
        if event.cause in SENTENCES:
            return str(SENTENCES[event.cause][0])
        # The source of a first use is no cause, and stands in its own column.
        return "–" if event.verb == TokenEvent.Verb.FIRST_USE else event.cause or "–"

    @admin.display(description=gettext_lazy("through token"))
    def through(self, event: TokenEvent) -> str:
        return token_by_id(event.through_token_id) if event.through_token_id else "–"

    @admin.display(description=gettext_lazy("details"))
    def more(self, event: TokenEvent) -> str:
        return details_of(event)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Say whose audit it is, where the address asks for one token's."""
        asked = request.GET.get("token_id__exact", "")
        named = self.model.objects.filter(token_id=asked).order_by("-id") if is_id(asked) else None
        context = {"audited": named.first() if named is not None else None}
        if context["audited"]:
            context["stands"] = AccessToken.objects.filter(pk=asked).exists()
        return super().changelist_view(request, {**context, **(extra_context or {})})

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
