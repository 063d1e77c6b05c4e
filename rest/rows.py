"""Lists as JSON shows them, read without an object for each row.

To make objects out of rows and to take them apart again costs more than all the rest of a list. A
field that is one column says which (`column()`, rest/fields.py); where all fields of a serializer
do, the database is asked for just these. Where one does not, `Objects` does as REST framework does.
Both answer the same; tests/api/test_rows.py holds them to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from django.db.models import Case, F, Model, QuerySet, When
from rest_framework.serializers import ListSerializer, Serializer

from records.rendered import (
    MOST_BYTES,
    VERSION,
    RenderedContent,
    affordable,
    read_page,
    weight,
)
from rest.fields import RedactedField

# Texts of so many bytes come with their rows, longer ones once it is known that there is room.
SHORT = MOST_BYTES // 200


class Row(NamedTuple):
    """What JSON shows of a row, and its place in the list."""

    shape: dict[str, Any]
    pk: int
    # Of the column that the list is sorted by.
    value: Any


class Reader(Protocol):
    def prepared(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return rows that are to be narrowed and read; for `rows` that are made once."""
        ...

    def read(self, rows: QuerySet[Any], most: int) -> tuple[list[Row], bool]:
        """Return the first rows, at most so many, and whether they were cut, being large."""
        ...


def reader_of(serializer: ListSerializer[Any], sorted_by: str) -> Reader:
    """Return the cheapest way to read what a serializer shows."""
    fields = {
        name: field
        for name, field in serializer.child.fields.items()  # type: ignore[union-attr]
        if not field.write_only
    }
    large = {name: field.large for name, field in fields.items() if hasattr(field, "large")}
    if not _has_columns(type(serializer.child)):  # type: ignore[arg-type]
        return Objects(serializer, large, sorted_by)
    return (TextRows if large else Rows)(fields, sorted_by)


@cache
def _has_columns(shape: type[Serializer[Any]]) -> bool:
    """Return whether all its fields are columns, also those that a caller does not ask for.

    Only then its lists add the names that stand in no column of their own.
    """
    fields = shape().get_fields().values()
    return all(hasattr(field, "column") for field in fields if not field.write_only)


class Objects:
    """Rows as objects, taken apart by the serializer.

    `large` are the fields that show long texts, with their columns.
    """

    def __init__(
        self, serializer: ListSerializer[Any], large: Mapping[str, str], sorted_by: str
    ) -> None:
        self.shape = serializer.child.to_representation  # type: ignore[union-attr]
        self.large, self.sorted_by = large, sorted_by

    def prepared(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.all()

    def read(self, rows: QuerySet[Any], most: int) -> tuple[list[Row], bool]:
        was_cut = False
        found: Iterable[Any] = rows[:most]
        if issubclass(rows.model, RenderedContent):
            found, was_cut = read_page(rows, most, self.large.values())
        place = attrgetter(rows.model._meta.get_field(self.sorted_by).attname)
        return [Row(self.shape(row), row.pk, place(row)) for row in found], was_cut


class Rows:
    """Rows as the database gives them."""

    def __init__(self, fields: Mapping[str, Any], *beside: str) -> None:
        """`beside` are columns that are read and not shown; the last one sorts the list."""
        same = {n: field.value for n, field in fields.items() if isinstance(field, RedactedField)}
        self.columns = {n: field.column() for n, field in fields.items() if n not in same}
        self.beside = ("pk", *beside)
        # Copied for each row, so that names stand in the order of the serializer.
        self.blank = dict.fromkeys(fields) | same

    def prepared(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return _with_columns(rows, self._selected()).all()

    def read(self, rows: QuerySet[Any], most: int) -> tuple[list[Row], bool]:
        return [Row(self._shape(row), *row[-2:]) for row in self._values(rows, most)], False

    def _selected(self) -> tuple[Any, ...]:
        return (*self.columns.values(), *self.beside)

    def _values(self, rows: QuerySet[Any], most: int) -> QuerySet[Any]:
        is_prepared = rows._fields is not None  # type: ignore[attr-defined]
        return (rows if is_prepared else rows.values_list(*self._selected()))[:most]

    def _shape(self, row: Sequence[Any]) -> dict[str, Any]:
        shape = self.blank.copy()
        # What was read beside stands behind.
        shape.update(zip(self.columns, row, strict=False))
        return shape


# To work out what the columns mean takes as long as to read them.
@lru_cache(maxsize=256)
def _with_columns(rows: QuerySet[Any], columns: tuple[Any, ...]) -> QuerySet[Any]:
    return rows.values_list(*columns)


class _Beside(NamedTuple):
    """What is read of a text and not shown."""

    pk: int
    size: int
    html_version: int
    # Of the column that the list is sorted by.
    value: Any


class TextRows(Rows):
    """Rows of which an answer holds so many bytes, as `records.rendered.read_page` reads them."""

    def __init__(self, fields: Mapping[str, Any], sorted_by: str) -> None:
        super().__init__(fields, "size", "html_version", sorted_by)
        self.large = {name: field for name, field in fields.items() if hasattr(field, "large")}
        self.shows_html = any(field.large == "html" for field in self.large.values())
        self.columns |= {name: _short(self.columns[name]) for name in self.large}

    def read(self, rows: QuerySet[Any], most: int) -> tuple[list[Row], bool]:
        found = [(self._shape(row), _Beside(*row[-4:])) for row in self._values(rows, most)]
        page = found[: affordable(self._weight(beside) for _shape, beside in found)]
        texts = self._long_texts(rows.model, [beside for _shape, beside in page])
        shown = [
            Row(shape | texts.get(beside.pk, {}), beside.pk, beside.value) for shape, beside in page
        ]
        return shown, len(page) < len(found)

    def _weight(self, row: _Beside) -> int:
        return weight(row.size, row.html_version) if self.shows_html else row.size

    def _long_texts(self, model: type[Model], page: list[_Beside]) -> dict[int, dict[str, str]]:
        """Return what did not come with the rows, and what is to be rendered again."""
        old = [row.pk for row in page if self.shows_html and row.html_version < VERSION]
        long = [row.pk for row in page if row.size > SHORT and row.pk not in old]
        # One that was erased since has none.
        texts = dict.fromkeys([*old, *long], dict.fromkeys(self.large, ""))
        for row in model._base_manager.filter(pk__in=old) if old else []:
            texts[row.pk] = {name: field.get_attribute(row) for name, field in self.large.items()}
        columns = [field.column() for field in self.large.values()]
        rows = model._base_manager.filter(pk__in=long).values_list("pk", *columns) if long else []
        return texts | {pk: dict(zip(self.large, row, strict=True)) for pk, *row in rows}


@cache
def _short(text: Any) -> Case:
    return Case(When(size__lte=SHORT, then=F(text) if isinstance(text, str) else text))
