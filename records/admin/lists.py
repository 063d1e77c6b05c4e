"""Lists of the admin that answer only what they offer, whatever the address asks.

Django lets every column of a row be looked up, also those that no page shows, and trusts what
stands in the address. Here a filter is named by the list itself, or the call is refused (400).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from records.counts import MOST_COUNTED, Count, count
from records.ids import is_id
from records.text import LONGEST_SEARCH, compared


class BoundedPaginator(Paginator):
    """Pages of a list that counts its rows only so far, and ends there (records/counts.py)."""

    @cached_property
    def counted(self) -> Count:
        return count(cast("QuerySet[Any]", self.object_list))

    @property
    def count(self) -> int:
        return self.counted.number


class NarrowLists(admin.ModelAdmin):
    """A list that is filtered by what `list_filter` offers, and by `linked_lookups`."""

    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    # What links of our own pages filter by, beside what the list offers.
    linked_lookups: ClassVar[Iterable[str]] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # Filters of our own, which have a plain name, judge their values themselves.
        is_column = LOOKUP_SEP in lookup
        return lookup in self._offered(request) and not (is_column and _is_impossible(value))

    def _offered(self, request: HttpRequest) -> Iterator[str]:
        yield from self.linked_lookups
        for entry in self.get_list_filter(request):
            if isinstance(entry, type) and issubclass(entry, admin.SimpleListFilter):
                yield str(entry.parameter_name)
            else:
                path = str(entry[0] if isinstance(entry, (list, tuple)) else entry)
                yield from _lookups(path, get_fields_from_path(self.model, path)[-1])

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            return super().get_changelist_instance(request)
        except OverflowError as error:
            # A moment that is none in another time zone: it was read, but cannot be compared.
            raise IncorrectLookupParameters(error) from error

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        # Each word is a condition, and SQLite fails on a thousand of them.
        words = compared(search_term[:LONGEST_SEARCH])
        return super().get_search_results(request, queryset, words)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Act on the rows that can be meant: what is no row's number names none."""
        sent: Any = request.POST.copy()
        selected = sent.getlist(ACTION_CHECKBOX_NAME)
        sent.setlist(ACTION_CHECKBOX_NAME, [pk for pk in selected if is_id(pk)])
        request.POST = sent
        if sent.get("select_across") == "1" and not count(queryset).is_exact:
            message = gettext("That would be more than %(most)s at once: narrow the list first.")
            self.message_user(request, message % {"most": f"{MOST_COUNTED:,}"}, messages.ERROR)
            return None
        return super().response_action(request, queryset, *args, **kwargs)

    def page_of(self, object_id: Any) -> str:
        return reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[object_id]
        )

    @sensitive_variables("context")
    def render(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        """Return a page of our own, with what every page of the admin needs."""
        site = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**site, "opts": self.opts, **context})


class ReadOnlyAdmin(NarrowLists):
    """A list and its rows, where nothing is written."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go to the row itself: it has no history of its own."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(self.page_of(object_id))


class ChoiceFilter(admin.SimpleListFilter):
    """A filter by choices that are known beforehand, each the value of one column."""

    options: ClassVar[Sequence[tuple[str, Any]]] = ()
    column = ""

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Sequence[tuple[str, Any]]:
        return self.options

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


def badge(kind: str, label: str | Promise) -> SafeString:
    """Return a word as a badge; what it stands for decides its colour."""
    return format_html('<span class="badge badge-{}">{}</span>', kind, label)


def _lookups(path: str, field: Any) -> Iterator[str]:
    """Yield what Django's own filter of a column puts into its links."""
    if isinstance(field, models.DateField):
        yield from (f"{path}__gte", f"{path}__lt")
    elif field.is_relation:
        yield f"{path}__{field.target_field.name}__exact"
    else:
        yield f"{path}__exact"
    if field.null:
        yield f"{path}__isnull"


def _is_impossible(value: Any) -> bool:
    """Return whether it is a number that fits no column: PostgreSQL fails on those."""
    digits = str(value).strip().lstrip("+-")
    return digits.isdecimal() and not is_id(digits)
