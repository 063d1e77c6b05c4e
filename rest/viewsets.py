"""What every family of the API does alike, mixed in front of the rooms' stock viewsets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer
from rest_framework.viewsets import GenericViewSet, ViewSetMixin

from records.ids import LARGEST_ID
from rest.addresses import absolute
from rest.cursors import refuse
from rest.idempotency import once

if TYPE_CHECKING:
    Base = GenericViewSet[Any]
else:
    Base = object

Handler = Callable[..., Any]
ETAG = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})')


class FamilyDefaults:
    """What a room's viewset, or one of its actions, may set. Behind it, so that the room wins."""

    orderings: list[Any] = ["-id"]
    extra_parameters: tuple[str, ...] = ()
    # True, also set while answering: the answer shows a secret, which is never kept.
    shows_secret: bool = False
    # Set by the router for GET|POST F, which are not in the schema.
    is_rest_form: bool = False


class FamilyMixin(Base):
    """Check ids, versions, names of fields; repeat answers; tag objects with their version."""

    # The version that the caller read; None: the last write wins.
    expected_version: int | None = None
    shows_secret: bool

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_impossible_id(self)
        method = request.method or ""
        if method in SAFE_METHODS or method.lower() not in self.action_map:
            return
        self.expected_version = wanted_version(request)
        if method == "POST" and "Idempotency-Key" in request.headers:
            # As ViewSetMixin does it: the method of the instance is what dispatch will call.
            handler = getattr(self, "post")  # noqa: B009
            self.post = partial(once, self, handler)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Answer the methods alone; the schema describes the rest."""
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer[Any]:
        serializer = super().get_serializer(*args, **kwargs)
        if "data" in kwargs:
            refuse_unknown_names(serializer, kwargs["data"])
        elif "fields" in self.request.query_params:
            trim(serializer, self.request.query_params["fields"])
        return serializer

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        data = getattr(response, "data", None)
        if isinstance(data, dict) and isinstance(data.get("version"), int):
            response.headers.setdefault("ETag", f'"{data["version"]}"')
        if self.shows_secret:
            response.headers["Cache-Control"] = "no-store"
        tell_limits(request, response)
        return super().finalize_response(request, response, *args, **kwargs)

    def current_object(self) -> dict[str, Any] | None:
        """Return the object as the caller sees it now, for those who wrote too late."""
        # A verb may have a serializer of its own for its input.
        self.serializer_class = type(self).serializer_class
        try:
            return dict(self.get_serializer(self.get_object()).data)
        except Http404:
            return None


def creating(inner: Handler) -> Handler:
    @wraps(inner)
    def create(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = inner(self, request, *args, **kwargs)
        response.status_code = status.HTTP_200_OK
        if self.is_rest_form and isinstance(response.data, dict) and "id" in response.data:
            response.status_code = status.HTTP_201_CREATED
            path = f"{request.path.rstrip('/')}/{response.data['id']}"
            response.headers["Location"] = absolute(request, path)
        return response

    return create


def updating(inner: Handler) -> Handler:
    @wraps(inner)
    def update(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        return inner(self, request, *args, **{**kwargs, "partial": True})

    return update


def destroying(inner: Handler) -> Handler:
    @wraps(inner)
    def destroy(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer the object as it was."""
        instance = self.get_object()
        answer = self.get_serializer(instance).data
        self.perform_destroy(instance)
        return Response(answer)

    return destroy


# Each wraps the room's own method, so that its docstring and description stay.
CONVENTIONS: dict[str, Callable[[Handler], Handler]] = {
    "create": creating,
    "update": updating,
    "destroy": destroying,
}


def family_of(viewset: type[ViewSetMixin]) -> type[ViewSetMixin]:
    """Return `viewset` with our conventions in front of what it does."""
    methods = {
        name: convention(getattr(viewset, name))
        for name, convention in CONVENTIONS.items()
        if hasattr(viewset, name)
    }
    names = {"__doc__": viewset.__doc__, "__module__": viewset.__module__, **methods}
    return type(viewset.__name__, (FamilyMixin, viewset, FamilyDefaults), names)


def tell_limits(request: Request, response: HttpResponseBase) -> None:
    """Say how many calls are left (draft-ietf-httpapi-ratelimit-headers) and how long the token."""
    rate = getattr(request, "rate", None)
    if rate is not None:
        limit, left, seconds = rate
        response.headers["RateLimit-Policy"] = f'"minute";q={limit};w=60'
        response.headers["RateLimit"] = f'"minute";r={left};t={seconds}'
    token = getattr(request, "access_token", None)
    if token is not None:
        response.headers["X-Token-Expires-At"] = f"{token.ends_at:%Y-%m-%dT%H:%M:%SZ}"


def refuse_impossible_id(view: Any) -> None:
    """Answer 404 to an id that is no number, or one that no database can hold."""
    name = getattr(view, "lookup_url_kwarg", None) or getattr(view, "lookup_field", "pk")
    if name not in ("pk", "id") or name not in view.kwargs:
        return
    text = view.kwargs[name]
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_ID):
        raise Http404


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
    raise refuse("version", _("The version is the number that you read."), "invalid")


def refuse_unknown_names(serializer: BaseSerializer[Any], data: Any) -> None:
    """Refuse names that the object never had; its read-only ones may be sent back."""
    if not isinstance(serializer, Serializer) or not isinstance(data, Mapping):
        return
    unknown = [name for name in data if name not in serializer.fields and name != "version"]
    if unknown:
        message = ErrorDetail(_("There is no such field."), "unknown-field")
        raise ValidationError({name[:100]: [message] for name in unknown[:20]})


def trim(serializer: BaseSerializer[Any], wanted: str) -> None:
    """Keep only the fields that the caller asks for."""
    shape = serializer.child if isinstance(serializer, ListSerializer) else serializer
    if not isinstance(shape, Serializer):
        return
    names = {name.strip() for name in wanted.split(",")}
    if unknown := sorted(names - set(shape.fields)):
        message = _("There is no field “%(name)s”.") % {"name": unknown[0][:100]}
        raise refuse("fields", message, "unknown-field")
    for name in set(shape.fields) - names:
        del shape.fields[name]
