"""What lists of tokens can be narrowed by."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django_filters.rest_framework import ChoiceFilter

from records.errors import invalid_field
from rest.filters import AnyTextFilter, FamilyFilterSet, MomentFilter, TruthFilter, any_of_ids
from tokens.models import AccessToken, AccessTokenQuerySet
from tokens.scopes import Scope


class TokenFilter(FamilyFilterSet):
    state = AnyTextFilter(
        method="by_state", help_text=f"One or more of {', '.join(AccessToken.State.values)}."
    )
    user = AnyTextFilter(method="by_person", help_text="`me` or ids.")
    scope = ChoiceFilter(choices=Scope.choices, method="by_scope")
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")
    expires_after = MomentFilter(field_name="expires_at", lookup_expr="gte")
    expires_before = MomentFilter(field_name="expires_at", lookup_expr="lt")
    unused_since = MomentFilter(
        method="by_use", help_text="Made before this moment, and not used since."
    )
    used_after_rotation = TruthFilter(
        field_name="used_after_rotation_at",
        lookup_expr="isnull",
        exclude=True,
        help_text="Whether somebody used it after its grace.",
    )

    class Meta:
        model = AccessToken
        fields = ["family", "hint"]

    def by_state(
        self, tokens: AccessTokenQuerySet, name: str, words: list[str]
    ) -> AccessTokenQuerySet:
        states = [word.strip() for word in words]
        if unknown := set(states) - set(AccessToken.State.values):
            message = _("There is no state “%(state)s”. Known: %(known)s.") % {
                "state": min(unknown)[:40],
                "known": ", ".join(AccessToken.State.values),
            }
            raise invalid_field(name, message, "invalid-choice")
        return tokens.in_state(*states)

    def by_person(
        self, tokens: AccessTokenQuerySet, name: str, words: list[str]
    ) -> AccessTokenQuerySet:
        return tokens.filter(any_of_ids(name, words, me=self.request.user.pk))

    def by_scope(self, tokens: AccessTokenQuerySet, name: str, scope: str) -> AccessTokenQuerySet:
        return tokens.with_scope(scope)

    def by_use(
        self, tokens: AccessTokenQuerySet, name: str, moment: datetime
    ) -> AccessTokenQuerySet:
        return tokens.unused_since(moment)
