"""The viewsets of the API. `FamilyViewSet` shows what every family does alike:

- `create` answers 200, and 201 with `Location` in the REST form (`POST /api/F`);
- `update` takes a subset of the fields, by PUT as by PATCH; names that nobody knows are refused;
- `destroy` answers the object as it was;
- `If-Match`, or `version` in the body, is `self.expected_version` for the domain to compare;
- a POST with an `Idempotency-Key` is done once, and answered again (rest/idempotency.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.mixins import (
    CreateModelMixin,
    DestroyModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    UpdateModelMixin,
)
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Field, ListSerializer, Serializer
from rest_framework.viewsets import GenericViewSet

from records.errors import invalid_field
from records.ids import is_id
from rest.addresses import absolute
from rest.callers import caller_of
from rest.cursors import Ordering, OrderingName
from rest.idempotency import once
from rest.rows import Reader, reader_of

ETAG = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})', re.ASCII)

_Model = TypeVar("_Model", bound=Model)


class ApiViewSet(GenericViewSet[_Model]):
    """Check ids, versions and names of fields; repeat answers; tag objects with their version."""

    # What the caller needs: "tickets" is `tickets:read` or `tickets:write`, by the method.
    scope: str
    # The first one is taken where the caller asks for none.
    orderings: list[OrderingName] = ["-id"]
    # Columns of orderings that can be null, but in no row that the list shows.
    filled_columns: frozenset[str] = frozenset()
    # Parameters of the address that the view reads itself.
    extra_parameters: tuple[str, ...] = ()
    # True, also set while answering: the answer shows a secret, which is never kept.
    shows_secret: bool = False
    # False, also for one action: there is no version to compare.
    takes_version: bool = True
    # An object of the demo for the examples of the schema, and others for some actions.
    example_id: int | str = 1
    example_ids: Mapping[str, int | str] = {}
    # Set by the router for GET|POST F, which are not in the schema.
    is_rest_form: bool = False
    # The version that the caller read; None: the last write wins.
    expected_version: int | None = None
    _reader: Reader | None = None
    # What answers a POST; set by REST framework from the action.
    post: Callable[..., HttpResponseBase]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self._refuse_impossible_id()
        method = request.method or ""
        if method in SAFE_METHODS or method.lower() not in self.action_map:
            return
        self.expected_version = wanted_version(request)
        if method == "POST" and "Idempotency-Key" in request.headers:
            self.post = partial(once, self, self.post)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Answer the methods alone; the schema describes the rest."""
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer[Any]:
        serializer = super().get_serializer(*args, **kwargs)
        if "data" in kwargs:
            refuse_unknown_names(serializer, kwargs["data"])
            leave_out_present(serializer)
        elif "fields" in self.request.query_params:
            trim(serializer, self.request.query_params["fields"])
        return serializer

    def validated(self) -> dict[str, Any]:
        """Return what the body says, by the serializer of the action; raises ValidationError."""
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def listed(self, rows: QuerySet[Any]) -> Response:
        """Answer a page of rows, by the serializer of the action."""
        return self.get_paginated_response(self.paginate_queryset(rows))

    def get_queryset(self) -> QuerySet[_Model]:
        rows: Any = type(self).queryset
        if self.action in {"list", "retrieve"} and rows is not None:
            return self.reader().prepared(rows)
        return super().get_queryset()

    def reader(self) -> Reader:
        """Return how the rows of a list are read and shown."""
        if self._reader is None:
            serializer = cast("ListSerializer[Any]", self.get_serializer(many=True))
            sorted_by = Ordering.wanted(self.request, self).column
            self._reader = reader_of(serializer, sorted_by)
        return self._reader

    def created(self, data: Any) -> Response:
        """Answer a new object: 200, and 201 with its address in the REST form."""
        if not (self.is_rest_form and "id" in data):
            return Response(data)
        path = f"{self.request.path.rstrip('/')}/{data['id']}"
        headers = {"Location": absolute(self.request, path)}
        return Response(data, status=status.HTTP_201_CREATED, headers=headers)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        data = getattr(response, "data", None)
        if isinstance(data, dict) and isinstance(data.get("version"), int):
            response.headers.setdefault("ETag", f'"{data["version"]}"')
        if self.shows_secret:
            response.headers["Cache-Control"] = "no-store"
        for name, text in caller_of(request).headers().items():
            response.headers[name] = text
        return super().finalize_response(request, response, *args, **kwargs)

    def current_object(self) -> dict[str, Any] | None:
        """Return the object as the caller sees it now, for those who wrote too late."""
        # A verb may have a serializer of its own for its input.
        self.serializer_class = type(self).serializer_class
        try:
            return dict(self.get_serializer(self.get_object()).data)
        except Http404:
            return None

    def _refuse_impossible_id(self) -> None:
        """Answer 404 to an id that is no number, or one that no database can hold."""
        name = self.lookup_url_kwarg or self.lookup_field
        if name in ("pk", "id") and name in self.kwargs and not is_id(self.kwargs[name]):
            raise Http404


if TYPE_CHECKING:
    Mixin = ApiViewSet[Any]
else:
    Mixin = object


# The methods have no docstrings: the schema would describe every family without one by it.
class CreateMixin(CreateModelMixin, Mixin):
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.created(super().create(request, *args, **kwargs).data)


class UpdateMixin(UpdateModelMixin, Mixin):
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().update(request, *args, **{**kwargs, "partial": True})


class DestroyMixin(DestroyModelMixin, Mixin):
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object()
        as_it_was = self.get_serializer(instance).data
        self.perform_destroy(instance)
        return Response(as_it_was)


class RetrieveMixin(RetrieveModelMixin, Mixin):
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.filter_queryset(self.get_queryset()).filter(pk=self.kwargs["pk"])
        found, _was_cut = self.reader().read(rows, 1)
        if not found:
            raise Http404
        return Response(found[0].shape)


class ListMixin(ListModelMixin, Mixin):
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.listed(self.filter_queryset(self.get_queryset()))


class FamilyViewSet(
    CreateMixin, RetrieveMixin, UpdateMixin, DestroyMixin, ListMixin, ApiViewSet[_Model]
):
    """A whole family: list, create, read, change, delete."""


def wanted_version(request: Request) -> int | None:
    """Return the version in If-Match, else the one in the body, else None."""
    header = request.headers.get("If-Match", "*").strip()
    if header != "*":
        match = ETAG.fullmatch(header)
        if match is None:
            message = _("If-Match takes one version in quotes, as in the ETag of the answer.")
            raise ValidationError(message, code="if-match-invalid")
        return int(match[1] or match[2])
    if request.method == "DELETE" or not isinstance(request.data, Mapping):
        return None
    version = request.data.get("version")
    if version is None or (isinstance(version, int) and not isinstance(version, bool)):
        return version
    if isinstance(version, str) and version.isascii() and version.isdigit():
        return int(version[:9])
    raise invalid_field("version", _("The version is the number that you read."), "invalid")


def refuse_unknown_names(serializer: BaseSerializer[Any], data: Any) -> None:
    """Refuse names that the object never had; its read-only ones may be sent back."""
    if not isinstance(serializer, Serializer) or not isinstance(data, Mapping):
        return
    unknown = [name for name in data if name not in serializer.fields and name != "version"]
    if unknown:
        message = ErrorDetail(_("There is no such field."), "unknown-field")
        raise ValidationError({name[:100]: [message] for name in unknown[:20]})


def named(fields: str) -> set[str]:
    return {name.strip() for name in fields.split(",")}


def leave_out_present(serializer: BaseSerializer[Any]) -> None:
    """Take out of the input what the object has already: no rule may refuse what is no change."""
    row, data = serializer.instance, getattr(serializer, "initial_data", None)
    if row is None or not isinstance(serializer, Serializer) or not isinstance(data, dict):
        return
    serializer.initial_data = {
        name: value
        for name, value in data.items()
        if name not in serializer.fields or not _is_present(serializer.fields[name], row, value)
    }


def _is_present(field: Field[Any, Any, Any, Any], row: Model, value: Any) -> bool:
    if field.read_only or field.write_only:
        return False
    attribute = field.get_attribute(row)
    present = None if attribute is None else field.to_representation(attribute)
    return _is_same(value, present)


def _is_same(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1, 1.0 and true are three values."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return type(one) is type(other) and one == other


def trim(serializer: BaseSerializer[Any], wanted: str) -> None:
    """Keep only the fields that the caller asks for."""
    shape = serializer.child if isinstance(serializer, ListSerializer) else serializer
    if not isinstance(shape, Serializer):
        return
    names = named(wanted)
    if unknown := sorted(names - set(shape.fields)):
        message = _("There is no field “%(name)s”.") % {"name": unknown[0][:100]}
        raise invalid_field("fields", message, "unknown-field")
    for name in set(shape.fields) - names:
        del shape.fields[name]
