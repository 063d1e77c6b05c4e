"""What can be done to tokens in the list, and by the buttons of their pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actor import Actor
from accounts.domain_admin import DomainAdmin
from tokens.models import AccessToken


class TokenActions(DomainAdmin):
    """Disable, enable and delete, each by the token's own method."""

    actions = ["disable_tokens", "enable_tokens", "delete_tokens"]

    def object_actions(self, request: Any, obj: AccessToken) -> list[tuple[str, str, bool]]:
        if not self.has_change_permission(request, obj):
            return []
        first = (
            ("enable_tokens", _("Enable"), False)
            if obj.disabled_at
            else ("disable_tokens", _("Disable"), True)
        )
        return [first, ("delete_tokens", _("Delete"), True)]

    @admin.action(description=gettext_lazy("Disable…"), permissions=["change"])
    def disable_tokens(self, request: Any, queryset: QuerySet[AccessToken]) -> Any:
        if request.POST.get("answer") != "yes":
            return self.ask(
                request,
                queryset,
                action="disable_tokens",
                title=_("Disable tokens?"),
                question=_(
                    "Every call and every session of these tokens ends with the next click. "
                    "Enabling them takes it back."
                ),
                reason=_("Reason, for the audit (may stay empty)"),
                button=_("Disable"),
                danger=True,
            )
        by, reason = Actor.of(request), request.POST.get("reason", "").strip()[:200]
        self.act(request, queryset, lambda token: token.disable(by=by, reason=reason))
        return None

    @admin.action(description=gettext_lazy("Enable"), permissions=["change"])
    def enable_tokens(self, request: Any, queryset: QuerySet[AccessToken]) -> None:
        by = Actor.of(request)
        self.act(request, queryset.select_related("user"), lambda token: token.enable(by=by))

    @admin.action(description=gettext_lazy("Delete…"), permissions=["delete"])
    def delete_tokens(self, request: Any, queryset: QuerySet[AccessToken]) -> Any:
        match request.POST.get("answer"):
            case "twice":
                by = Actor.of(request)
                self.act(request, list(queryset), lambda token: token.remove(by=by))
                return None
            case "once":
                return self._second_question(request, queryset)
        return self._first_question(request, queryset)

    def _first_question(self, request: Any, objects: Iterable[AccessToken]) -> TemplateResponse:
        return self.ask(
            request,
            objects,
            action="delete_tokens",
            answer="once",
            title=_("Delete tokens?"),
            question=_(
                "Deleting cannot be taken back; disabling can, and stops the tokens just as well."
            ),
            button=_("Delete"),
            danger=True,
        )

    def _second_question(self, request: Any, objects: Iterable[AccessToken]) -> TemplateResponse:
        return self.ask(
            request,
            objects,
            action="delete_tokens",
            answer="twice",
            title=_("Really delete them for good?"),
            question=_(
                "Whatever carries these tokens stops working at once and needs new ones. "
                "Their audit stays."
            ),
            button=_("Delete for good"),
            danger=True,
        )

    def _ask_to_delete(self, request: Any, object_id: str) -> Any:
        token = self.get_object(request, object_id)
        if not self.has_delete_permission(request, token):
            raise PermissionDenied
        if token is None:
            return HttpResponseRedirect(self.list_page())
        return self._first_question(request, [token])
