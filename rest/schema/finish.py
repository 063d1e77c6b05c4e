"""What all calls have in common in the OpenAPI description: refusals, headers, shapes, examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rest.idempotency import LONGEST_KEY
from rest.problems import MEDIA_TYPE, problem_body
from rest.schema.examples import example_of

Schema = dict[str, Any]

TEXT = {"type": "string"}
# The refusals of every call, and those of some: an example of the code, the meaning.
ERRORS = {
    "400": ("invalid", "The input is malformed or invalid; `errors` names each field."),
    "401": ("token-expired", "No token, or one that is no good any more."),
    "403": ("insufficient-scope", "The role or the token does not allow it."),
    "429": ("rate-limited", "Too many calls; `Retry-After` says when to go on."),
    "503": ("unavailable", "The database is away for the moment; `Retry-After` says how long."),
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
REFUSALS = ERRORS | OBJECT_ERRORS | WRITE_ERRORS | VERSION_ERRORS

HEADERS: dict[str, tuple[str, Schema]] = {
    "ETag": (
        "The version in quotes, for `If-Match`.",
        {**TEXT, "pattern": '^"[0-9]+"$', "examples": ['"3"']},
    ),
    "Idempotency-Replayed": (
        "There where this is the answer to the first call with the same key.",
        {**TEXT, "enum": ["true"]},
    ),
    "Link": (
        'The pages beside this one: `rel="next"` and `rel="prev"` (RFC 8288).',
        {**TEXT, "examples": ['<https://desk.example.com/api/tickets/list?cursor=x>; rel="next"']},
    ),
    "RateLimit": (
        "How many calls are left (`r`), and for how many seconds (`t`).",
        {**TEXT, "examples": ['"minute";r=587;t=41']},
    ),
    "RateLimit-Policy": (
        "How many calls there are (`q`) in how many seconds (`w`).",
        {**TEXT, "examples": ['"minute";q=600;w=60']},
    ),
    "Retry-After": ("Wait so many seconds.", {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": (
        "What is wrong with the token (RFC 6750).",
        {**TEXT, "examples": ['Bearer realm="api", error="invalid_token"']},
    ),
    "X-Request-ID": ("The id of this call in the logs; problems have it, too.", TEXT),
    "X-Token-Expires-At": (
        "When the token of this call ends.",
        {**TEXT, "format": "date-time"},
    ),
    "X-Total-Count": (
        "How many objects the list has; with `with_count=true`.",
        {"type": "integer", "minimum": 0},
    ),
    "X-Total-Count-Exact": (
        "There where the list has more than that.",
        {**TEXT, "enum": ["false"]},
    ),
}
EVERYWHERE = ["RateLimit", "RateLimit-Policy", "X-Request-ID", "X-Token-Expires-At"]
OF_REFUSALS = {
    "401": ["WWW-Authenticate"],
    "403": ["WWW-Authenticate"],
    "409": ["Retry-After"],
    "429": ["Retry-After"],
    "503": ["Retry-After"],
}
VERSION = {
    "type": "integer",
    "description": "The version that you read, as in `If-Match`: 412 if somebody was faster.",
}
IF_MATCH_PATTERN = r'^(\*|(W/)?"[0-9]{1,9}"|[0-9]{1,9})$'
KEY_PATTERN = "^[!-~]([ -~]*[!-~])?$"


def finish(result: Schema, **context: Any) -> Schema:
    """Add what every operation has: refusals, headers, examples."""
    components = result.setdefault("components", {})
    schemas = components["schemas"]
    schemas["Problem"] = PROBLEM
    components["headers"] = {
        name: {"description": words, "schema": schema} for name, (words, schema) in HEADERS.items()
    }
    components["responses"] = {
        f"Problem{status}": _refusal(status, *words) for status, words in REFUSALS.items()
    }
    result["paths"] = dict(sorted(result["paths"].items(), key=_order_of))
    _settle(schemas)
    for _, _, operation in _operations(result):
        for answer in operation["responses"].values():
            for media in answer.get("content", {}).values():
                _require_all(media["schema"], schemas)
    for path, method, operation in _operations(result):
        _describe(path, method, operation, schemas)
    for _, method, operation in _operations(result):
        if operation.pop("x-version", False) and method != "delete":
            _add_version(operation, schemas)
    used = json.dumps(result, default=str)
    components["schemas"] = {
        # The generator also writes down what only the other direction has.
        name: schema
        for name, schema in sorted(schemas.items())
        if f'"#/components/schemas/{name}"' in used
    }
    return result


def _operations(result: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _order_of(entry: tuple[str, Any]) -> tuple[str, int, str]:
    """Sort a family as people learn it: list, create, what has a name, then one object."""
    path = entry[0]
    _, family, *rest = path.strip("/").split("/")
    first = rest[0] if rest else ""
    rank = {"list": 0, "create": 1}.get(first, 3 if first.startswith("{") else 2)
    return family, rank, path


# --- Shapes -------------------------------------------------------------------------------------


def _settle(schemas: dict[str, Schema]) -> None:
    """Say plainly what programs that write clients read otherwise than it is meant."""
    for schema in _all_in(*schemas.values()):
        # Requests and answers have shapes of their own, so these tell nothing.
        schema.pop("readOnly", None)
        schema.pop("writeOnly", None)
        if "default" in schema:
            # They take it for a promise that the member is always there.
            default = json.dumps(schema.pop("default"))
            words = schema.get("description", "")
            schema["description"] = f"{words} Without it: {default}.".strip()
        if len(schema.get("allOf", ())) == 1:
            # OpenAPI 3.0 had no words beside a reference.
            schema |= schema.pop("allOf")[0]
        if schema.get("enum") == [""]:
            schema["type"] = "string"
        if any(choice.get("maxLength") == 0 for choice in schema.get("oneOf", ())):
            # An empty text is also one of at most so many letters.
            schema["anyOf"] = schema.pop("oneOf")


def _all_in(*schemas: Schema) -> Iterator[Schema]:
    """Return the schemas and all that are written inside of them."""
    for schema in schemas:
        yield schema
        yield from _all_in(*schema.get("properties", {}).values())
        if isinstance(schema.get("items"), dict):
            yield from _all_in(schema["items"])
        for joined in ("allOf", "anyOf", "oneOf"):
            yield from _all_in(*schema.get(joined, ()))


def _require_all(schema: Schema, schemas: dict[str, Schema]) -> None:
    """An answer always has all its members."""
    for inner in _all_in(schema):
        if "$ref" in inner:
            _require_all(schemas[inner["$ref"].rpartition("/")[2]], schemas)
        if "properties" in inner:
            inner["required"] = sorted(inner["properties"])


def _add_version(operation: Schema, schemas: dict[str, Schema]) -> None:
    """Let the body say which version it is about."""
    content = operation.setdefault("requestBody", {}).setdefault("content", {})
    if not content:
        reference = {"$ref": "#/components/schemas/VersionRequest"}
        content["application/json"] = {"schema": reference, "example": {}}
        schemas["VersionRequest"] = {"type": "object", "properties": {}}
    for media in content.values():
        name = media["schema"]["$ref"].rpartition("/")[2]
        schemas[name]["properties"]["version"] = VERSION


# --- Calls --------------------------------------------------------------------------------------


def _describe(path: str, method: str, operation: Schema, schemas: dict[str, Schema]) -> None:
    compares_versions = operation.get("x-version", False)
    refusals = set(ERRORS)
    if "{" in path:
        refusals |= set(OBJECT_ERRORS)
    if method != "get":
        refusals |= set(WRITE_ERRORS)
    if compares_versions:
        refusals |= set(VERSION_ERRORS)
    for answer in operation["responses"].values():
        answer["description"] = answer.get("description") or "Done."
        answer["headers"] = _references(_headers_of(operation, answer, method, schemas))
    for status in sorted(refusals):
        reference = {"$ref": f"#/components/responses/Problem{status}"}
        operation["responses"].setdefault(status, reference)
    _add_parameters(operation, method, compares_versions=compares_versions)
    for media in _contents(operation):
        if "example" not in media and "examples" not in media:
            media["example"] = example_of(media.get("schema", {}), schemas)


def _headers_of(
    operation: Schema, answer: Schema, method: str, schemas: dict[str, Schema]
) -> list[str]:
    """Return the names of the headers that an answer may have."""
    names = list(EVERYWHERE)
    if "cursor" in {each["name"] for each in operation.get("parameters", [])}:
        names += ["Link", "X-Total-Count", "X-Total-Count-Exact"]
    for media in answer.get("content", {}).values():
        shape = schemas.get(media["schema"].get("$ref", "").rpartition("/")[2], {})
        if "version" in shape.get("properties", {}):
            names.append("ETag")
    if method == "post":
        names.append("Idempotency-Replayed")
    return names


def _references(names: list[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)}


def _add_parameters(operation: Schema, method: str, *, compares_versions: bool) -> None:
    added = []
    if method == "post":
        added.append(
            parameter(
                "header",
                "Idempotency-Key",
                "Sent again within a day, it is done only once.",
                minLength=1,
                maxLength=LONGEST_KEY,
                pattern=KEY_PATTERN,
            )
        )
    if compares_versions:
        words = 'The version that you read, in quotes: `"7"`.'
        added.append(parameter("header", "If-Match", words, pattern=IF_MATCH_PATTERN))
    operation["parameters"] = [*operation.get("parameters", []), *added]
    if not operation["parameters"]:
        del operation["parameters"]


def _contents(operation: Schema) -> Iterator[Schema]:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for kind, media in body.get("content", {}).items():
            if kind == "application/json":
                yield media


def parameter(place: str, name: str, description: str, **schema: Any) -> Schema:
    schema = {"type": "string", **schema}
    return {"name": name, "in": place, "description": description, "schema": schema}


# --- Problems -----------------------------------------------------------------------------------


def _refusal(status: str, code: str, sentence: str) -> Schema:
    errors = []
    if status == "400":
        errors = [{"field": "title", "code": "blank", "message": "This field may not be blank."}]
    detail = "A sentence that says what to do next."
    body = problem_body(int(status), code, detail, request_id="a2de021523dc07f7", errors=errors)
    media = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": json.loads(body)}
    headers = _references([*EVERYWHERE, *OF_REFUSALS.get(status, [])])
    return {"description": sentence, "headers": headers, "content": {MEDIA_TYPE: media}}


def _object(properties: Schema, **words: str) -> Schema:
    return {"type": "object", **words, "required": list(properties), "properties": properties}


_ALWAYS = _object(
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
_ANY_OBJECT = {"type": "object", "additionalProperties": True}
PROBLEM = _ALWAYS | {
    "properties": _ALWAYS["properties"]
    | {
        "current": {**_ANY_OBJECT, "description": "With 412: the object as it is now."},
        "current_status": {**TEXT, "description": "With invalid-transition: its status."},
        "allowed": {
            "type": "array",
            "items": TEXT,
            "description": "With invalid-transition: the statuses that it may have next.",
        },
        "assignee": {
            "type": "integer",
            "description": "With already-assigned: the person who has it.",
        },
        "messages": {
            "type": "array",
            "items": _ANY_OBJECT,
            "description": "With stale-reply: the messages that you have not seen.",
        },
        "id": {
            "type": ["integer", "null"],
            "description": "With already-issued and already-done: the object that was made.",
        },
        "scope": {**TEXT, "description": "With insufficient-scope: the one that is missing."},
    }
}
