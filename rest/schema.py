"""The OpenAPI description: what each call needs, takes, answers and refuses."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import BaseSerializer

from records.text import LONGEST_SEARCH
from rest.problems import MEDIA_TYPE, problem_body
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
# The refusals of every call, and those of calls that write: an example of the code, the meaning.
ERRORS = {
    "400": ("invalid", "The input is malformed or invalid; `errors` names each field."),
    "401": ("token-expired", "No token, or one that is no good any more."),
    "403": ("insufficient-scope", "The role or the token does not allow it."),
    "429": ("rate-limited", "Too many calls; `Retry-After` says when to go on."),
}
OBJECT_ERRORS = {"404": ("not-found", "Not there, or not yours to see.")}
WRITE_ERRORS = {
    "409": (
        "invalid-transition",
        "The state of the object forbids it, or an Idempotency-Key does.",
    ),
    "413": ("body-too-large", "The body is too large."),
    "415": ("media-type-unsupported", "The body is not of a type that this call reads."),
}
VERSION_ERRORS = {
    "412": ("stale-version", "Somebody changed the object first; `current` is how it is now.")
}


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
        known = SUMMARIES.get(self.view.action.removeprefix("partial_"))
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

    def _right(self, permission: object) -> str:
        """Return the sentence in which a permission class says what it asks for, if it does."""
        describe = getattr(permission, "describe", None)
        return describe(self.view, self.method) if describe else ""

    def _first_line(self) -> tuple[str, str]:
        first, _, rest = self._own_words().partition("\n")
        return first.rstrip("."), rest.strip()

    def _own_words(self) -> str:
        """Return the docstring that was written for this action; the mixins' speak for all."""
        action = self.view.action.removeprefix("partial_")
        method = getattr(type(self.view), action, None)
        written: str = inspect.getdoc(method) or DESCRIPTIONS.get(action, "")
        return written or inspect.getdoc(type(self.view)) or ""

    def _is_create_operation(self) -> bool:
        # The documented way to create answers 200.
        return False

    def get_request_serializer(self) -> Any:
        serializer = super().get_request_serializer()
        return None if isinstance(serializer, NoInputSerializer) else serializer

    def get_response_serializers(self) -> Any:
        """Return what the call answers; a verb has the serializer of its input."""
        if self.view.detail and self.method == "POST":
            return type(self.view).serializer_class
        serializers = super().get_response_serializers()
        if self.method == "DELETE" and isinstance(serializers, BaseSerializer):
            return {200: serializers}
        return serializers


class StrictFilterExtension(DjangoFilterExtension):
    """Describe filters, search and ordering of a list."""

    target_class = "rest.filters.StrictFilterBackend"
    priority = 1

    def get_schema_operation_parameters(self, auto_schema: Any, *args: Any, **kwargs: Any) -> Any:
        view = auto_schema.view
        parameters = super().get_schema_operation_parameters(auto_schema, *args, **kwargs)
        parameters.append(
            _parameter("query", "fields", "Answer with these fields only, comma separated.")
        )
        if hasattr(view, "search"):
            parameters.append(
                _parameter("query", "search", "Words to look for.", maxLength=LONGEST_SEARCH)
            )
        names = [entry if isinstance(entry, str) else entry[0] for entry in view.orderings]
        plain = [name.removeprefix("-") for name in names]
        signed = [sign + name for name in plain for sign in ("", "-")]
        words = "A leading “-” sorts downwards."
        parameters.append(_parameter("query", "ordering", words, enum=signed, default=names[0]))
        return parameters


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what every operation has: refusals, conditional headers, examples."""
    components = result.setdefault("components", {})
    components["schemas"]["Problem"] = PROBLEM
    components["responses"] = {
        f"Problem{status}": _refusal(int(status), code, sentence)
        for refusals in (ERRORS, OBJECT_ERRORS, WRITE_ERRORS, VERSION_ERRORS)
        for status, (code, sentence) in refusals.items()
    }
    result["paths"] = dict(sorted(result["paths"].items(), key=_order_of))
    for path, methods in result["paths"].items():
        _share_patch(methods)
        for method, operation in methods.items():
            _add_refusals(operation, path, method)
            _add_headers(operation, path, method)
            for media in _contents(operation):
                _add_example(media, components["schemas"])
    return result


def _order_of(entry: tuple[str, Any]) -> tuple[str, int, str]:
    """Sort a family as people learn it: list, create, what has a name, then one object."""
    path = entry[0]
    _, family, *rest = path.strip("/").split("/")
    first = rest[0] if rest else ""
    rank = {"list": 0, "create": 1}.get(first, 3 if first.startswith("{") else 2)
    return family, rank, path


def _share_patch(methods: dict[str, Any]) -> None:
    """PUT takes a subset of the fields, as PATCH does."""
    if "put" in methods and "patch" in methods and "requestBody" in methods["patch"]:
        methods["put"]["requestBody"] = methods["patch"]["requestBody"]


def _add_refusals(operation: dict[str, Any], path: str, method: str) -> None:
    refusals = dict(ERRORS)
    if "{" in path:
        refusals |= OBJECT_ERRORS
    if method != "get":
        refusals |= WRITE_ERRORS
    if method in ("put", "patch"):
        refusals |= VERSION_ERRORS
    for answer in operation["responses"].values():
        answer["description"] = answer.get("description") or "Done."
    for status in sorted(refusals):
        operation["responses"].setdefault(
            status, {"$ref": f"#/components/responses/Problem{status}"}
        )


def _add_headers(operation: dict[str, Any], path: str, method: str) -> None:
    added = []
    if method == "post":
        added.append(
            _parameter(
                "header", "Idempotency-Key", "Sent again within a day, it is done only once."
            )
        )
    if method in ("put", "patch", "delete"):
        added.append(
            _parameter("header", "If-Match", 'The version that you read, in quotes: `"7"`.')
        )
    operation["parameters"] = [*operation.get("parameters", []), *added]
    if not operation["parameters"]:
        del operation["parameters"]


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for kind, media in body.get("content", {}).items():
            if kind == "application/json":
                yield media


def _add_example(media: dict[str, Any], schemas: dict[str, Any]) -> None:
    if "example" not in media and "examples" not in media:
        media["example"] = example_of(media.get("schema", {}), schemas)


EXAMPLES: dict[str, Any] = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "email": "lin@example.com",
    "uri": "https://desk.example.com/api/users/7/avatar",
    "uuid": "0b5ad2a4-7c0e-4f6e-9f43-3f2c1b8f7d11",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "null": None,
}
NAMED_EXAMPLES = {
    "username": "lin@example.com",
    "display_name": "Lin",
    "title": "Where is my order?",
    "content": "Order 1042 has not arrived yet.",
    "time_zone": "Asia/Shanghai",
    "name": "Billing",
    "description": "Questions about invoices",
    "version": 3,
    "role": "agent",
    "workgroup": 2,
    "scopes": "tickets:read",
    "password": "correct horse battery staple",
    "external_id": "crm-1042",
    "external_source": "crm",
    "domains": "crm.example.com",
    "networks": "203.0.113.0/24",
    "hint": "x7Qk2w",
    "user_name": "Lin",
    "last_used_address": "203.0.113.7",
    "last_used_origin": "https://crm.example.com",
    "disabled_reason": "Lost laptop",
    "grace_seconds": 86_400,
    "next": "/agent/tickets/42",
}


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """Return a likely value of `schema`."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    for given in ("example", "default", "const"):
        if given in schema:
            return schema[given]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("enum"):
        named = NAMED_EXAMPLES.get(name)
        return named if named in schema["enum"] else schema["enum"][0]
    if "allOf" in schema or "oneOf" in schema or "anyOf" in schema:
        choices = schema.get("allOf") or schema.get("oneOf") or schema["anyOf"]
        return example_of(choices[0], schemas, name)
    return _example_of_type(schema, schemas, name)


def _example_of_type(schema: dict[str, Any], schemas: dict[str, Any], name: str) -> Any:
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {key: example_of(inner, schemas, key) for key, inner in properties.items()}
    if kind == "array":
        return [example_of(schema.get("items", {}), schemas, name)]
    named = NAMED_EXAMPLES.get(name)
    if named is not None and isinstance(named, str) == (kind == "string"):
        return named[: schema.get("maxLength")] if isinstance(named, str) else named
    return EXAMPLES.get(schema.get("format", ""), EXAMPLES.get(kind, "text"))


def _parameter(place: str, name: str, description: str, **schema: Any) -> dict[str, Any]:
    schema = {"type": "string", **schema}
    return {"name": name, "in": place, "description": description, "schema": schema}


def _refusal(status: int, code: str, sentence: str) -> dict[str, Any]:
    errors = []
    if status == 400:
        errors = [{"field": "title", "code": "blank", "message": "This field may not be blank."}]
    detail = "A sentence that says what to do next."
    body = problem_body(status, code, detail, request_id="a2de021523dc07f7", errors=errors)
    media = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": json.loads(body)}
    return {"description": sentence, "content": {MEDIA_TYPE: media}}


def _object(properties: dict[str, Any], **words: str) -> dict[str, Any]:
    return {"type": "object", **words, "required": list(properties), "properties": properties}


TEXT = {"type": "string"}
PROBLEM = _object(
    {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": TEXT,
        "errors": {
            "type": "array",
            "items": _object({"field": TEXT, "code": TEXT, "message": TEXT}),
        },
        "request_id": TEXT,
    },
    description="RFC 9457. Programs match on `code`, people read `detail`.",
)
