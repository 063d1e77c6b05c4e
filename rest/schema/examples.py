"""Likely values for the OpenAPI description; those of requests work on the demo as they stand."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view

EXAMPLES: dict[str, Any] = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "email": "emma@example.net",
    "uri": "https://desk.example.com/api/users/6/avatar",
    "uuid": "0b5ad2a4-7c0e-4f6e-9f43-3f2c1b8f7d11",
    "integer": 3,
    "number": 1.5,
    "boolean": True,
    "null": None,
}
# Of the people, workgroups and tickets of the demo.
NAMED_EXAMPLES = {
    "actor": 4,
    "actor_name": "Tom Becker",
    "assignee": 4,
    "assignee_name": "Tom Becker",
    "author": 4,
    "author_name": "Tom Becker",
    "content": "Order 1042 has not arrived yet.",
    "content_html": "<p>Order 1042 has not arrived yet.</p>",
    "conversation": 12,
    "created_by": 1,
    "description": "Questions about invoices",
    "disabled_reason": "Lost laptop",
    "display_name": "Emma Clark",
    "domains": "crm.example.com",
    "external_id": "crm-1042",
    "external_source": "crm",
    "grace_seconds": 3600,
    "hint": "x7Qk2w",
    "language": "en",
    "last_used_address": "203.0.113.7",
    "last_used_origin": "https://crm.example.com",
    "members": 4,
    "name": "Billing",
    "networks": "203.0.113.0/24",
    "next": "/agent/tickets/12",
    "number": "T-100012",
    "requester": 6,
    "requester_name": "Emma Clark",
    "role": "agent",
    "scopes": "tickets:read",
    "seq": 1,
    "tags": "billing",
    "ticket": 12,
    "time_zone": "Asia/Shanghai",
    "title": "Where is my order?",
    "tz": "Asia/Shanghai",
    "user": 1,
    "user_name": "Dana Reed",
    "username": "emma@example.net",
    "workgroup": 2,
    "workgroup_name": "Billing",
}


def edited_like(**value: Any) -> Any:
    """Give both ways to change an object their own example."""
    example = extend_schema(examples=[OpenApiExample("Change", value=value, request_only=True)])
    return extend_schema_view(update=example, partial_update=example)


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """Return a likely value of `schema`."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    for given in ("example", "const"):
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
