"""What the lists of tokens and of their audit can be narrowed by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, F, Max, OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from accounts.models import User
from records.admin.lists import ChoiceFilter
from records.ids import is_id
from tokens.diagnostics.rule_texts import KINDS, UNSOUND_TITLES
from tokens.errors import NAMES_NO_TOKEN, SENTENCES
from tokens.models import AccessToken, Denial
from tokens.scopes import Scope

UNUSED_FOR = timedelta(days=90)
MOST_CHOICES = 15
# Of those that name a token.
CAUSES = SENTENCES.keys() - NAMES_NO_TOKEN
COUNTED = ("token-invalid", "token-not-yet-valid", "token-missing", "token-doubled", "code-used")


class StateFilter(ChoiceFilter):
    title = gettext_lazy("state")
    parameter_name = "state"
    options = [("good", gettext_lazy("Good now")), *AccessToken.State.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        state = self.value()
        if state == "good":
            return queryset.active()
        if state in AccessToken.State.values:
            return queryset.in_state(state)
        return queryset


class ScopeFilter(ChoiceFilter):
    title = gettext_lazy("permission")
    parameter_name = "scope"
    options = [(scope, scope) for scope in Scope.values]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.with_scope(self.value()) if self.value() in Scope.values else queryset


class UnusedFilter(ChoiceFilter):
    title = gettext_lazy("use")
    parameter_name = "unused"
    options = [
        ("90", gettext_lazy("Unused for 90 days")),
        ("never", gettext_lazy("Never used")),
        ("rotated", gettext_lazy("Used after rotation")),
    ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "90":
            return queryset.unused_since(timezone.now() - UNUSED_FOR)
        if self.value() == "rotated":
            return queryset.filter(used_after_rotation_at__isnull=False)
        return queryset.filter(last_used_at=None) if self.value() == "never" else queryset


class RoleFilter(ChoiceFilter):
    title = gettext_lazy("role of the person")
    parameter_name = "role"
    column = "user__role"
    options = User.Role.choices


class CauseFilter(ChoiceFilter):
    title = gettext_lazy("cause of denial")
    parameter_name = column = "cause"
    options = [(cause, sentence[0]) for cause, sentence in SENTENCES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        found = super().queryset(request, queryset)
        return found.filter(verb="denied") if self.value() else found


class KindFilter(ChoiceFilter):
    title = gettext_lazy("kind")
    parameter_name = "kind"
    column = "details__kind"
    options = list(KINDS.items())


class CountedKindFilter(KindFilter):
    column = "kind"
    options = [choice for choice in KindFilter.options if choice[0] != "session"]


class DenialCauseFilter(ChoiceFilter):
    title = gettext_lazy("cause")
    parameter_name = column = "cause"
    options = [choice for choice in CauseFilter.options if choice[0] in CAUSES]


class CountedCauseFilter(DenialCauseFilter):
    options = [(cause, SENTENCES[cause][0]) for cause in COUNTED]


class RuleFilter(ChoiceFilter):
    title = gettext_lazy("what is not valid")
    parameter_name = column = "rule"
    options = list(UNSOUND_TITLES.items())


class _Frequent(admin.SimpleListFilter):
    """Offers what was denied most often; the address may name anything else."""

    column = ""
    name: Any = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        grouped = Denial.objects.recent_denials().order_by().values(self.column)
        counted = grouped.annotate(times=Count("pk"), name=self.name)
        rows = counted.order_by("-times", self.column)[:MOST_CHOICES]
        return [(str(row[self.column]), row["name"] or f"#{row[self.column]}") for row in rows]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = self.value()
        if wanted is None:
            return queryset
        if not is_id(wanted):
            return queryset.none()
        return queryset.filter(**{self.column: int(wanted)})


class TokenFilter(_Frequent):
    title = gettext_lazy("token")
    parameter_name = "token_id"
    column = "token_id"
    name = Max("token_name")


class PersonFilter(_Frequent):
    title = gettext_lazy("person")
    parameter_name = "person"
    column = "subject_id"
    name = Subquery(User.objects.filter(pk=OuterRef("subject_id")).values("username")[:1])


class OriginFilter(_Frequent):
    """The page that was seen; "-" stands for none."""

    title = gettext_lazy("page")
    parameter_name = "origin"
    column = "origin"
    name = F("origin")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        none_seen = gettext("none seen")
        return [
            (origin, name) if origin else ("-", none_seen)
            for origin, name in super().lookups(request, model_admin)
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(origin="" if self.value() == "-" else self.value())
