"""Calls as the router makes them, in the OpenAPI description."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from rest_framework.serializers import BaseSerializer, Serializer

from records.text import LONGEST_SEARCH
from rest.schema.finish import parameter
from rest.serializers import NoInputSerializer

Endpoint = tuple[str, str, str, Callable[..., Any]]

SUMMARIES = {
    "list": "List {plural}",
    "create": "Create {singular}",
    "retrieve": "Read {singular}",
    "update": "Change {singular}",
    "destroy": "Delete {singular}",
}
DESCRIPTIONS = {
    "list": "A page of those that you may see.",
    "retrieve": "As you may see it.",
    "create": "The answer is the new object.",
    "update": "Changes the fields that the body names; all others stay.",
    "destroy": "The answer is the object as it was.",
}
ONLY_THESE = (
    "Answer with these fields only, comma separated. Not for typed clients: they rely on all that "
    "an answer always has."
)


def documented_paths(endpoints: list[Endpoint], **_: Any) -> list[Endpoint]:
    """Leave out the REST form of lists, and the optional slash at the end."""
    return [
        # REST framework's usual pattern, from which the type of an id is known.
        (path.rstrip("/"), regex.replace("[^/]+", "[^/.]+"), method, callback)
        for path, regex, method, callback in endpoints
        if path.startswith("/api/") and not callback.initkwargs.get("is_rest_form")  # type: ignore[attr-defined]
    ]


class FamilySchema(AutoSchema):
    """Describe families as the router makes them."""

    view: Any

    def get_operation_id(self) -> str:
        return f"{self.view.basename}_{self.view.action}".replace("-", "_")

    def get_tags(self) -> list[str]:
        return [str(self.view.basename)]

    def get_summary(self) -> str:
        """Return the first line of the action's docstring, or what such actions do."""
        known = SUMMARIES.get(self._action)
        if known and self.view.basename.endswith("s"):
            plural = self.view.basename.replace("-", " ")
            article = "an" if plural[0] in "aeio" else "a"
            return known.format(plural=plural, singular=f"{article} {plural.removesuffix('s')}")
        return self._first_line()[0]

    def get_description(self) -> str:  # type: ignore[override]
        rights = [right for right in map(self._right, self.view.get_permissions()) if right]
        first, rest = self._first_line()
        words = rest if first == self.get_summary() else self._own_words()
        return "\n\n".join([words, *rights]).strip()

    @property
    def _action(self) -> str:
        return str(self.view.action).removeprefix("partial_")

    def _right(self, permission: object) -> str:
        """Return the sentence in which a permission class says what it asks for, if it does."""
        describe = getattr(permission, "describe", None)
        return describe(self.view, self.method) if describe else ""

    def _first_line(self) -> tuple[str, str]:
        first, _, rest = self._own_words().partition("\n")
        return first.rstrip("."), rest.strip()

    def _own_words(self) -> str:
        """Return the docstring that was written for this action; the mixins' speak for all."""
        method = getattr(type(self.view), self._action, None)
        written: str = inspect.getdoc(method) or DESCRIPTIONS.get(self._action, "")
        return written or inspect.getdoc(type(self.view)) or ""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Say beside the call whether it compares versions; `finish` describes how."""
        operation = super().get_operation(*args, **kwargs)
        if operation and self.view.detail and self.method != "GET":
            operation["x-version"] = self.view.takes_version
        return operation

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        """Return the parameters, with one of the demo that the call goes well with."""
        found: list[dict[str, Any]] = super()._resolve_path_parameters(variables)
        for each in found:
            each["example"] = self.view.example_ids.get(self._action, self.view.example_id)
        return found

    # --- Bodies ---------------------------------------------------------------------------------

    def _is_create_operation(self) -> bool:
        # The documented way to create answers 200.
        return False

    def get_request_serializer(self) -> Any:
        serializer = super().get_request_serializer()
        return None if isinstance(serializer, NoInputSerializer) else serializer

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> Any:
        """PUT takes a subset of the fields, as PATCH does."""
        serializer = force_instance(serializer)
        if self.method == "PUT" and isinstance(serializer, Serializer):
            serializer = copy.copy(serializer)
            serializer.partial = True
        return super()._get_request_for_media_type(serializer, direction)

    def get_response_serializers(self) -> Any:
        """Return what the call answers; a verb has the serializer of its input."""
        if self.view.detail and self.method == "POST":
            return type(self.view).serializer_class
        serializers = super().get_response_serializers()
        if self.method == "DELETE" and isinstance(serializers, BaseSerializer):
            return {200: serializers}
        return serializers

    # --- Names ----------------------------------------------------------------------------------

    def _get_serializer_name(self, *args: Any, **kwargs: Any) -> str:
        name: str = super()._get_serializer_name(*args, **kwargs)
        if name.startswith("Patched"):
            return f"{name.removeprefix('Patched').removesuffix('Request')}Update"
        return name

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}List"


class StrictFilterExtension(DjangoFilterExtension):
    """Describe filters, search and ordering of a list."""

    target_class = "rest.filters.StrictFilterBackend"
    priority = 1

    def get_schema_operation_parameters(self, auto_schema: Any, *args: Any, **kwargs: Any) -> Any:
        view = auto_schema.view
        parameters = super().get_schema_operation_parameters(auto_schema, *args, **kwargs)
        parameters.append(parameter("query", "fields", ONLY_THESE))
        if hasattr(view, "search"):
            parameters.append(
                parameter("query", "search", "Words to look for.", maxLength=LONGEST_SEARCH)
            )
        names = [entry if isinstance(entry, str) else entry[0] for entry in view.orderings]
        plain = [name.removeprefix("-") for name in names]
        signed = [sign + name for name in plain for sign in ("", "-")]
        words = "A leading “-” sorts downwards."
        parameters.append(parameter("query", "ordering", words, enum=signed, default=names[0]))
        for each in parameters:
            if each["schema"].get("type") == "string" and "enum" not in each["schema"]:
                # A filter without a value is refused.
                each["schema"].setdefault("minLength", 1)
        return parameters
