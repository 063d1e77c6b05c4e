"""Filters that never guess: a name that nobody knows is refused.

Commas and repeats mean "or" (`status=new,open`, `status=new&status=open`). What stands after
`name[]=` is one value as it is, so that a value may have a comma: `external_id[]=INV,7`.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django_filters import filters
from django_filters.fields import IsoDateTimeField
from django_filters.filterset import BaseFilterSet
from django_filters.rest_framework import (
    BooleanFilter,
    DjangoFilterBackend,
    FilterSet,
    IsoDateTimeFilter,
)
from django_filters.widgets import BaseCSVWidget, BooleanWidget
from rest_framework.request import Request
from rest_framework.views import APIView

from records.errors import invalid_field
from records.ids import LARGEST_ID, is_id
from records.text import LONGEST_SEARCH, compared
from rest.cursors import READING


class StrictFilterBackend(DjangoFilterBackend):
    """Apply the view's filters and search, and refuse every other parameter by name.

    A view may name `extra_parameters` that it reads itself. A filter that is not asked for
    costs nothing: the form is built only when one of its names is in the address.
    """

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        # An object is found by its id alone; filters are for lists.
        if getattr(view, "detail", False):
            refuse_unknown(request, known_to(view))
            return queryset
        filterset = self.get_filterset_class(view, queryset)
        names = _names_for(request, filterset) if filterset else set()
        several = taking_several(filterset) & names if filterset else set()
        search = getattr(view, "search", None)
        own = {"search"} if search else set()
        refuse_unknown(request, READING | names | own | known_to(view), several=several)
        refuse_empty(request, names)
        if names & {name.removesuffix("[]") for name in request.query_params}:
            queryset = super().filter_queryset(request, queryset, view)
        if not search or "search" not in request.query_params:
            return queryset
        text = request.query_params["search"].strip()
        if not text:
            raise missing_value("search")
        if len(text) > LONGEST_SEARCH:
            message = _("Search for at most %(most)s characters.") % {"most": LONGEST_SEARCH}
            raise invalid_field("search", message, "max-length")
        return search(queryset, text)


def known_to(view: APIView) -> frozenset[str]:
    """Return the parameters that every object answers to, and the view's own."""
    return frozenset({"fields", "format", *getattr(view, "extra_parameters", ())})


def refuse_unknown(request: Request, known: Set[str], *, several: Set[str] = frozenset()) -> None:
    """Refuse parameters that nobody reads, or that stand twice where one value is meant."""
    for given, values in request.query_params.lists():
        name = given[:100]
        if given.removesuffix("[]") in several:
            continue
        if given not in known:
            names = ", ".join(sorted(known - {"format"}))
            message = _("There is no parameter “%(name)s” here. Known: %(known)s.")
            raise invalid_field(name, message % {"name": name, "known": names}, "unknown-parameter")
        if len(values) > 1:
            raise invalid_field(name, _("Give it once."), "doubled-parameter")


def _names_for(request: Request, filterset: type[FilterSet]) -> set[str]:
    """Return the filters that the caller may use; to others those of the team are not there."""
    is_team = getattr(request.user, "is_team_member", False)
    return set(filterset.base_filters) - (
        set() if is_team else getattr(filterset, "TEAM_ONLY", set())
    )


def refuse_empty(request: Request, names: set[str]) -> None:
    """Refuse filters without a value: a program that lost it does not mean everything."""
    for name in sorted(names):
        if not all(word.strip() for word in words_of(request.query_params, name)):
            raise missing_value(name)


def missing_value(name: str) -> ValidationError:
    message = _("A value is missing. Give it, or leave the parameter or the comma out.")
    return invalid_field(name, message, "blank")


class IdFormField(forms.IntegerField):
    """An id as databases can hold it; anything larger is bad input, not a server error."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_value": LARGEST_ID, "min_value": 0, **options})

    def to_python(self, value: Any) -> int | None:
        # The stock field also reads “1_0”, and the digits of every script.
        text = str(value).strip()
        if value in self.empty_values or (text.isascii() and text.isdigit()):
            return super().to_python(value)
        raise ValidationError(self.error_messages["invalid"], code="invalid")


def words_of(parameters: QueryDict, name: str) -> list[str]:
    """Return all values of a filter that takes several."""
    split = [word for text in parameters.getlist(name) for word in text.split(",")]
    return split + parameters.getlist(f"{name}[]")


class SeveralWidget(BaseCSVWidget):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str] | None:
        return words_of(data, name) or None


class TakesSeveral:
    """Mixed into a filter: several values mean "or"; its `method` is given all of them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"widget": SeveralWidget, **options})


def taking_several(filterset: type[BaseFilterSet]) -> set[str]:
    return {name for name, each in filterset.base_filters.items() if isinstance(each, TakesSeveral)}


class AnyIdFilter(TakesSeveral, filters.BaseInFilter):
    field_class = IdFormField


class AnyChoiceFilter(TakesSeveral, filters.BaseInFilter, filters.ChoiceFilter):
    pass


class AnyTextFilter(TakesSeveral, filters.BaseInFilter, filters.CharFilter):
    pass


class AnyNameFilter(AnyTextFilter):
    """A name or an address, however it is spelled: `field_name` is a ComparedField."""

    def filter(self, qs: QuerySet[Any], value: list[str] | None) -> QuerySet[Any]:
        return super().filter(qs, value and [compared(name) for name in value])


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


def any_of(plain: filters.Filter) -> filters.Filter:
    """Return the filter that takes `a,b` where `plain` takes `a`; it asks no further query."""
    if plain.lookup_expr != "exact" or plain.method is not None:
        return plain
    options = {"field_name": plain.field_name, "exclude": plain.exclude, "distinct": plain.distinct}
    if isinstance(plain, filters.BooleanFilter):
        return TruthFilter(**options)
    if isinstance(plain, filters.ModelChoiceFilter | filters.NumberFilter):
        return AnyIdFilter(**options)
    if isinstance(plain, filters.ChoiceFilter):
        return AnyChoiceFilter(choices=plain.extra["choices"], **options)
    if type(plain) is filters.CharFilter:
        return AnyTextFilter(**options)
    return plain


class FamilyFilterSet(FilterSet):
    """The filters of a list: whatever comes from a column takes several values."""

    @classmethod
    def filter_for_field(cls, *args: Any, **options: Any) -> filters.Filter:
        return any_of(super().filter_for_field(*args, **options))


class ChangedWhenFilter(FamilyFilterSet):
    """Narrow by the moments of creation and of the last change."""

    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")
    updated_after = MomentFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = MomentFilter(field_name="updated_at", lookup_expr="lt")


def any_of_ids(name: str, given: Iterable[str], *, me: int) -> Q:
    """Return the condition for any of `me`, `none`, `7`."""
    words = {word.strip() for word in given}
    ids = list(_ids(name, words - {"none"}, me))
    condition = Q(**{f"{name}__in": ids})
    return condition | Q(**{f"{name}__isnull": True}) if "none" in words else condition


def _ids(name: str, words: Iterable[str], me: int) -> Iterable[int]:
    for word in words:
        if word == "me":
            yield me
        elif is_id(word):
            yield int(word)
        else:
            message = _("Write me, none, or ids, with commas between them.")
            raise invalid_field(name, message, "invalid")
