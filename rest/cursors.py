"""Keyset pages: page 10,000 costs what page 1 costs, and nothing is skipped or shown twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self

from django.core.exceptions import ValidationError as InvalidValue
from django.core.signing import BadSignature, Signer
from django.db.models import BooleanField, F, Field, Func, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records.counts import MOST_COUNTED, count
from records.errors import invalid_field
from rest.addresses import absolute
from rest.rows import Reader, Row

# What a caller may write after `ordering=`, or that and the column which stands for it.
OrderingName = str | tuple[str, str]

# The parameters that page through a list; a view that pages in an action of its own names them.
PAGINATION_PARAMETERS = ("limit", "cursor", "with_count", "ordering")
# These say how a list is read, not what is in it.
READING = frozenset({*PAGINATION_PARAMETERS, "fields", "format"})


@dataclass(frozen=True)
class Ordering:
    """One allowed way to sort: by a column, then by id, both one way; no value comes last."""

    name: str
    column: str
    descending: bool

    @classmethod
    def wanted(cls, request: Request, view: APIView) -> Self:
        """Return the ordering that the caller asks for, or the first of the view's."""
        allowed = [cls._parse(entry) for entry in getattr(view, "orderings", ["-id"])]
        asked = request.query_params.get("ordering")
        if asked is None:
            return allowed[0]
        for ordering in allowed:
            if asked.removeprefix("-") == ordering.name:
                return cls(ordering.name, ordering.column, asked.startswith("-"))
        names = ", ".join(ordering.name for ordering in allowed)
        message = _("Order by one of: %(names)s; a leading “-” turns it around.")
        raise invalid_field("ordering", message % {"names": names}, "unknown-ordering")

    @classmethod
    def _parse(cls, entry: OrderingName) -> Self:
        signed, column = entry if isinstance(entry, tuple) else (entry, entry.removeprefix("-"))
        return cls(signed.removeprefix("-"), column, signed.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.name}" if self.descending else self.name


@dataclass(frozen=True)
class Cursor:
    """A point between two rows, and the way to read from there; None: among those without value."""

    value: str | None
    pk: int
    backwards: bool

    def signed(self, purpose: str) -> str:
        return _signer(purpose).sign_object([self.value, self.pk, self.backwards])

    @classmethod
    def opened(cls, text: str, purpose: str) -> Self:
        """Return the cursor that we signed for the same list, ordering and filters."""
        try:
            return cls(*_signer(purpose).unsign_object(text))
        except (BadSignature, ValueError, TypeError) as error:
            message = _("This cursor belongs to another list. Start again without it.")
            raise invalid_field("cursor", message, "cursor-invalid") from error


def _signer(purpose: str) -> Signer:
    return Signer(salt=f"weiyu.cursor.{purpose}")


class KeysetPagination(BasePagination):
    """Read one page with one query; `Link` says where the pages beside it are.

    Where people write long texts a page holds fewer rows, and those texts cost a second query.
    """

    default_limit = 50
    max_limit = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the page as JSON shows it."""
        self.request = request
        self.view = view
        self.ordering = Ordering.wanted(request, view)
        self.field = queryset.model._meta.get_field(self.ordering.column)
        is_filled = self.ordering.column in getattr(view, "filled_columns", ())
        self.has_blanks = self.field.null and not is_filled
        self.limit = _limit(request.query_params, self.default_limit, self.max_limit)
        self.purpose = _purpose(request, view, self.ordering)
        self.cursor = self._cursor()
        self.reader: Reader = view.reader()
        self.count = count(queryset.values("pk")) if _with_count(request.query_params) else None
        return self._page(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(data, headers=self.headers())

    def headers(self) -> dict[str, str]:
        links = [
            f'<{self._address(cursor)}>; rel="{relation}"'
            for relation, cursor in (("next", self.next), ("prev", self.previous))
            if cursor
        ]
        headers = {"Link": ", ".join(links)} if links else {}
        if self.count is not None:
            headers["X-Total-Count"] = str(self.count.number)
            if not self.count.is_exact:
                headers["X-Total-Count-Exact"] = "false"
        return headers

    def _cursor(self) -> Cursor | None:
        text = self.request.query_params.get("cursor")
        if text is None:
            return None
        cursor = Cursor.opened(text, self.purpose)
        try:
            self.field.to_python(cursor.value)
        except InvalidValue as error:
            raise invalid_field(
                "cursor", _("This cursor is outdated."), "cursor-invalid"
            ) from error
        return cursor

    def _page(self, queryset: QuerySet[Any]) -> list[dict[str, Any]]:
        backwards = self.cursor is not None and self.cursor.backwards
        # One row more than the page tells whether there is another page.
        rows, was_cut = self._read(queryset, self.limit + 1, backwards=backwards)
        has_more, rows = was_cut or len(rows) > self.limit, rows[: self.limit]
        if backwards:
            rows.reverse()
        self.next = self._cursor_at(rows[-1:], False) if has_more or backwards else None
        came_from_before = has_more if backwards else self.cursor is not None
        self.previous = self._cursor_at(rows[:1], True) if came_from_before else None
        return [row.shape for row in rows]

    def _read(
        self, queryset: QuerySet[Any], most: int, *, backwards: bool
    ) -> tuple[list[Row], bool]:
        """Return the rows behind the cursor, those with a value before those without one.

        And whether they were cut, because they are large.

        Each part is a plain range along an index; one order of both is none of any index. So a
        page that holds the end of the first part takes a second query.
        """
        column, cursor = self.ordering.column, self.cursor
        descending = self.ordering.descending != backwards
        parts, place = [queryset], 0
        if self.has_blanks:
            # As the conditions of partial indexes are written: NOT (… IS NULL) is no such index's.
            parts = [queryset.filter(**{f"{column}__isnull": no}) for no in (False, True)]
            place = int(cursor is not None and cursor.value is None)
        if cursor:
            parts[place] = parts[place].filter(_after(column, self.field, cursor, descending))
        sign = "-" if descending else ""
        columns = dict.fromkeys([f"{sign}{column}", f"{sign}{queryset.model._meta.pk.name}"])
        rows: list[Row] = []
        for part in parts[place::-1] if backwards else parts[place:]:
            ordered = part.order_by(*columns)
            more, was_cut = self.reader.read(ordered, most - len(rows))
            rows += more
            if was_cut or len(rows) == most:
                return rows, was_cut
        return rows, False

    def _cursor_at(self, row: Sequence[Row], backwards: bool) -> Cursor | None:
        if not row:
            return None
        (_shape, pk, value), field = row[0], self.field
        if value is not None:
            value = field.value_to_string(SimpleNamespace(**{field.attname: value}))
        return Cursor(value, pk, backwards)

    def _address(self, cursor: Cursor) -> str:
        parameters = self.request.query_params.copy()
        parameters["cursor"] = cursor.signed(self.purpose)
        return f"{absolute(self.request, self.request.path)}?{parameters.urlencode()}"

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            _parameter(
                "limit",
                "How many objects a page holds at most; long texts make it shorter.",
                {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": 50},
            ),
            _parameter(
                "cursor",
                "Opaque: take the addresses of the pages beside this one from the `Link` header.",
                {"type": "string"},
            ),
            _parameter(
                "with_count",
                "Also count all objects of the list, in the `X-Total-Count` header: "
                f"at most {MOST_COUNTED:,}, with `X-Total-Count-Exact: false` if there are more.",
                {"type": "boolean", "default": False},
            ),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema


class _Values(Func):
    """Several values that are compared as one."""

    template = "(%(expressions)s)"
    output_field = BooleanField()


def _after(column: str, field: Field[Any, Any], cursor: Cursor, descending: bool) -> Any:
    """Return what lies behind the cursor.

    One comparison of rows takes the index to the row at once. Two of columns would read every
    row before it that has the same value, and a priority is shared by a quarter of all tickets.
    """
    value = field.to_python(cursor.value)
    if field.primary_key or value is None:
        return Q(pk__lt=cursor.pk) if descending else Q(pk__gt=cursor.pk)
    behind = LessThan if descending else GreaterThan
    return behind(_Values(F(column), F("pk")), _Values(Value(value, field), Value(cursor.pk)))


def _purpose(request: Request, view: APIView, ordering: Ordering) -> str:
    """Return what a cursor is good for: this address, this ordering, these filters."""
    filters = sorted(
        (name, value)
        for name, values in request.query_params.lists()
        if name not in READING
        for value in values
    )
    family = (
        getattr(view, "basename", None),
        getattr(view, "action", None),
        sorted(view.kwargs.items()),
    )
    return hashlib.sha256(repr((family, str(ordering), filters)).encode()).hexdigest()[:32]


def _limit(parameters: Mapping[str, str], default: int, most: int) -> int:
    text = parameters.get("limit")
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most:
        return int(text)
    message = _("The limit is a number from 1 to %(most)d.") % {"most": most}
    raise invalid_field("limit", message, "limit-invalid")


def _with_count(parameters: Mapping[str, str]) -> bool:
    text = parameters.get("with_count", "false")
    if text not in ("true", "false"):
        raise invalid_field("with_count", _("Write true or false."), "invalid")
    return text == "true"


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}
