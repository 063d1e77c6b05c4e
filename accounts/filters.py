"""What lists of people and workgroups can be narrowed by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import (
    BooleanFilter,
    CharFilter,
    FilterSet,
    IsoDateTimeFilter,
    NumberFilter,
)
from django_filters.widgets import BooleanWidget

from accounts.models import User, Workgroup
from accounts.serializers import LARGEST_ID


class MomentField(IsoDateTimeField):
    """A moment that is one in UTC, too, where databases compare it."""

    def clean(self, value: Any) -> datetime | None:
        found: datetime | None = super().clean(value)
        try:
            return found and found.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(_("Write a moment of the years 1 to 9999."), "invalid") from error


class MomentFilter(IsoDateTimeFilter):
    field_class = MomentField


class TruthWidget(BooleanWidget):
    """What is neither true nor false is kept, so that the field can refuse it."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        found = super().value_from_datadict(data, files, name)
        return data.get(name) if found is None else found


class TruthField(forms.NullBooleanField):
    widget = TruthWidget

    def clean(self, value: Any) -> bool | None:
        if value not in {True, False, None, ""}:
            raise ValidationError(_("Write true or false."), "invalid")
        return value if isinstance(value, bool) else None


class TruthFilter(BooleanFilter):
    field_class = TruthField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"widget": TruthWidget, **options})


class ChangedWhenFilter(FilterSet):
    """Narrow by the moments of creation and of the last change."""

    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")
    updated_after = MomentFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = MomentFilter(field_name="updated_at", lookup_expr="lt")


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
