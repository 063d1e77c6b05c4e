"""What lists of people and workgroups can be narrowed by."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django_filters.rest_framework import CharFilter, FilterSet, IsoDateTimeFilter, NumberFilter

from accounts.models import User, Workgroup
from accounts.serializers import LARGEST_ID


class ChangedWhenFilter(FilterSet):
    """Narrow by the moments of creation and of the last change."""

    created_after = IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
    updated_after = IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = IsoDateTimeFilter(field_name="updated_at", lookup_expr="lt")


class PersonFilter(ChangedWhenFilter):
    username = CharFilter(lookup_expr="iexact")
    email = CharFilter(lookup_expr="iexact")
    workgroup = NumberFilter(field_name="workgroups", distinct=True)

    class Meta:
        model = User
        fields = ["role", "availability", "is_active", "external_id", "external_source"]


class WorkgroupFilter(ChangedWhenFilter):
    member = NumberFilter(field_name="members", distinct=True)

    class Meta:
        model = Workgroup
        fields = ["name"]


def any_of_ids(name: str, text: str, *, me: int) -> Q:
    """Return the condition for `me`, `none`, `7`, or several of them with commas."""
    words = {word.strip() for word in text.split(",")}
    ids = list(_ids(name, words - {"none"}, me))
    condition = Q(**{f"{name}__in": ids})
    return condition | Q(**{f"{name}__isnull": True}) if "none" in words else condition


def _ids(name: str, words: Iterable[str], me: int) -> Iterable[int]:
    for word in words:
        if word == "me":
            yield me
        elif word.isascii() and word.isdigit() and len(word) < 20 and int(word) <= LARGEST_ID:
            yield int(word)
        else:
            message = _("Write me, none, or ids, with commas between them.")
            raise ValidationError({name: ValidationError(message, code="invalid")})
