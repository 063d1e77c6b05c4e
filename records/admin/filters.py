"""Filters of the admin's lists that take more than a choice from a few: periods and names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR, ChangeList
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.safestring import SafeString

from records.admin.domain import OneByName
from records.ids import is_id


class _WithForm(admin.FieldListFilter):
    """A filter whose menu holds a form; what is left empty there asks for nothing."""

    kept: list[tuple[str, str]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.used_parameters = {
            name: held for name, held in self.used_parameters.items() if held not in ("", [""])
        }

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        own = {*self.expected_parameters(), PAGE_VAR, ERROR_FLAG}
        # What else the address asks for, so that the form asks it again.
        self.kept = [(name, held) for name, held in changelist.params.items() if name not in own]
        yield from super().choices(changelist)


class PeriodFilter(_WithForm, admin.DateFieldListFilter):
    """Django's own periods, and from one day until before another in the reader's time zone."""

    template = "admin/filter_period.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.used_parameters = {
            name: [_begin_of(held) for held in values] if isinstance(values, list) else values
            for name, values in self.used_parameters.items()
        }

    @property
    def since(self) -> str:
        return str(self.date_params.get(self.lookup_kwarg_since, ""))[:10]

    @property
    def until(self) -> str:
        return str(self.date_params.get(self.lookup_kwarg_until, ""))[:10]

    @property
    def is_own_period(self) -> bool:
        names = [
            {key: str(value) for key, value in wanted.items()} for _label, wanted in self.links
        ]
        return bool(self.date_params) and self.date_params not in names


def _begin_of(text: Any) -> Any:
    """Return the first moment of a day; a moment, or what is no day, as it is."""
    try:
        day: date | None = parse_date(str(text))
    except ValueError:
        return text
    return timezone.make_aware(datetime.combine(day, time.min)) if day else text


class ByNameFilter(_WithForm, admin.RelatedFieldListFilter):
    """One of many, found by typing the name."""

    template = "admin/filter_by_name.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, **kw: Any
    ) -> None:
        super().__init__(field, request, params, model, model_admin, **kw)
        rows = self._known(field, request, model_admin)
        asked = str(self.lookup_val[-1]) if self.lookup_val else ""
        self.chosen = rows.filter(pk=asked).first() if is_id(asked) else None
        self.widget = forms.ModelChoiceField(
            rows, required=False, widget=OneByName(field, model_admin.admin_site)
        ).widget

    @staticmethod
    def _known(field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Return those whose names the reader may know: all, or whom the list names anyway."""
        model = field.remote_field.model
        rows = model._default_manager.all()
        related = model_admin.admin_site.get_model_admin(model)
        if related.has_view_permission(request):
            return rows
        listed = model_admin.get_queryset(request).order_by().values(field.attname)
        return rows.filter(pk__in=listed)

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> Any:
        return []

    def has_output(self) -> bool:
        return True

    def field_by_name(self) -> SafeString:
        held, name = self.chosen.pk if self.chosen else None, self.lookup_kwarg
        return self.widget.render(name, held, attrs={"id": f"id_{name}"})
