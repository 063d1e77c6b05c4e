"""Rows of the audit in the admin, with the names of tokens and people."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from accounts.models import User
from records.admin.lists import ReadOnlyAdmin
from records.text import LONGEST_SEARCH
from tokens.admin.columns import form_of
from tokens.admin.unframed import UnframedAdmin
from tokens.models import AccessToken, TokenEvent


class AuditAdmin(ReadOnlyAdmin, UnframedAdmin):
    """Rows of the audit, which hold plain ids, with the names that these have now."""

    search_fields = ["token_name", "hint", "address", "origin"]
    search_help_text = gettext_lazy("Token's name or last six characters, person, address, or page")
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenEvent]:
        tokens = AccessToken.objects.filter(pk=OuterRef("token_id"))
        rows = super().get_queryset(request)
        return rows.annotate(
            subject_name=_name_of("subject_id"),
            actor_name=_name_of("actor_id"),
            token_stands=Subquery(tokens.values("pk")[:1]),
        )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        text = search_term[:LONGEST_SEARCH]
        found, has_duplicates = super().get_search_results(request, queryset, text)
        if text:
            people = User.objects.get_queryset().matching(text)
            found |= queryset.filter(subject_id__in=people.values("pk"))
        return found, has_duplicates

    @admin.display(description=gettext_lazy("token"), ordering="token_name")
    def token(self, event: Any) -> str:
        text = format_html("{} <code>…{}</code>", event.token_name, event.hint)
        if event.token_stands is None:
            return text
        return format_html('<a href="{}">{}</a>', form_of(event.token_id), text)

    @admin.display(description=gettext_lazy("person"))
    def subject(self, event: Any) -> str:
        return event.subject_name or f"#{event.subject_id}"

    @admin.display(description=gettext_lazy("token and person"), ordering="token_name")
    def token_and_person(self, event: Any) -> str:
        return format_html("{}<br>{}", self.token(event), self.subject(event))

    @admin.display(description=gettext_lazy("page"), ordering="origin")
    def page(self, event: TokenEvent) -> str:
        """Return the page that was seen; of a first use its source, which may be a network."""
        source = event.cause if event.verb == TokenEvent.Verb.FIRST_USE else ""
        return source or event.origin or "–"

    @admin.display(description=gettext_lazy("page and address"), ordering="origin")
    def seen_at(self, event: Any) -> str:
        if not event.address:
            return self.page(event)
        return format_html('{}<br><span class="quiet">{}</span>', self.page(event), event.address)


def _name_of(column: str) -> Subquery:
    names = User.objects.filter(pk=OuterRef(column)).values("username")[:1]
    return Subquery(names, output_field=CharField())
