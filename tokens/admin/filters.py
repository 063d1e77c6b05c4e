"""What the lists of tokens and of their audit can be narrowed by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from tokens.models import AccessToken
from tokens.scopes import Scope
from tokens.verification import SENTENCES

UNUSED_FOR = timedelta(days=90)


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [("good", gettext_lazy("Good now")), *AccessToken.State.choices]

    def queryset(self, request: Any, queryset: Any) -> Any:
        state = self.value()
        if state == "good":
            return queryset.active()
        if state in AccessToken.State.values:
            return queryset.in_state(state)
        return queryset


class ScopeFilter(admin.SimpleListFilter):
    title = gettext_lazy("permission")
    parameter_name = "scope"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(scope, scope) for scope in Scope.values]

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.with_scope(self.value()) if self.value() in Scope.values else queryset


class UnusedFilter(admin.SimpleListFilter):
    title = gettext_lazy("use")
    parameter_name = "unused"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("90", gettext_lazy("Unused for 90 days")),
            ("never", gettext_lazy("Never used")),
            ("rotated", gettext_lazy("Used after rotation")),
        ]

    def queryset(self, request: Any, queryset: Any) -> Any:
        if self.value() == "90":
            return queryset.unused_since(timezone.now() - UNUSED_FOR)
        if self.value() == "rotated":
            return queryset.filter(used_after_rotation_at__isnull=False)
        return queryset.filter(last_used_at=None) if self.value() == "never" else queryset


class RoleFilter(admin.SimpleListFilter):
    title = gettext_lazy("role of the person")
    parameter_name = "role"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return list(User.Role.choices)

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(user__role=self.value()) if self.value() else queryset


class CauseFilter(admin.SimpleListFilter):
    title = gettext_lazy("cause of denial")
    parameter_name = "cause"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [(cause, sentence[0]) for cause, sentence in SENTENCES.items()]

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(verb="denied", cause=self.value()) if self.value() else queryset
