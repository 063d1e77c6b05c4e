"""Every example of the description, sent to the demo as it stands."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator
from PIL import Image

from rest.views import rendered_schema
from tests.server import Demo

pytestmark = [pytest.mark.server, pytest.mark.once]
# What takes something away comes last, for each example stands for itself.
ORDER = ("get", "post", "patch", "put", "delete")
# Our edge and the framework say these of any answer.
NOT_DECLARED = {
    "access-control-expose-headers", "allow", "cache-control", "content-language", "content-length",
    "content-security-policy", "content-type", "cross-origin-opener-policy",
    "cross-origin-resource-policy", "date",
    "permissions-policy", "referrer-policy", "server", "vary", "x-content-type-options",
    "x-frame-options",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call with one of its examples."""

    method: str
    path: str
    operation: dict[str, Any]
    body: Any = None

    def __str__(self) -> str:
        return f"{self.operation['operationId']} {json.dumps(self.body)}"

    def send(self, demo: Demo) -> requests.Response:
        parameters = {
            (each["in"], each["name"]): each["example"]
            for each in self.operation.get("parameters", [])
            if "example" in each
        } | {
            (each["in"], each["name"]): next(iter(each["examples"].values()))["value"]
            for each in self.operation.get("parameters", [])
            if "examples" in each
        }
        query = {name: value for (place, name), value in parameters.items() if place == "query"}
        return requests.request(
            self.method,
            demo.url + re.sub(r"{(\w+)}", lambda name: str(parameters["path", name[1]]), self.path),
            params=query,
            json=self.body,
            headers=demo.headers,
            timeout=30,
        )


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(rendered_schema("json"))


def calls(document: dict[str, Any]) -> Iterator[Call]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            media = content.get("application/json", {})
            named = [example["value"] for example in media.get("examples", {}).values()]
            for body in [*named, *([media["example"]] if "example" in media else [])] or [None]:
                yield Call(method, path, operation, body)


def faults(document: dict[str, Any], call: Call, answer: requests.Response) -> Iterator[str]:
    """Return what of an answer is otherwise than the description says."""
    if answer.status_code != 200:
        yield f"{answer.status_code} {answer.text}"
        return
    described = call.operation["responses"]["200"]
    declared = {name.lower() for name in described.get("headers", {})} | NOT_DECLARED
    if undeclared := {name.lower() for name in answer.headers} - declared:
        yield f"undeclared: {undeclared}"
    media = described["content"].get("application/json")
    if media is None:
        return
    schema = {**media["schema"], "components": document["components"]}
    checker = Draft202012Validator.FORMAT_CHECKER
    for error in Draft202012Validator(schema, format_checker=checker).iter_errors(answer.json()):
        yield f"{error.json_path}: {error.message}"


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG")
    return file.getvalue()


def test_every_example_works(demo, document):
    form = {"avatar": ("me.png", picture(), "image/png")}
    profile = f"{demo.url}/api/user/profile"
    shown = requests.put(profile, files=form, headers=demo.headers, timeout=30)
    assert shown.status_code == 200, shown.text

    found = []
    for call in sorted(calls(document), key=lambda call: ORDER.index(call.method)):
        found += [f"{call}: {fault}" for fault in faults(document, call, call.send(demo))]

    assert not found, "\n".join(found)


def test_each_is_what_its_shape_allows(document):
    """Also those of answers, and those of refusals."""
    checked = 0
    for media in _media(document):
        schema = {**media["schema"], "components": document["components"]}
        examples = [example["value"] for example in media.get("examples", {}).values()]
        for example in [*examples, *([media["example"]] if "example" in media else [])]:
            Draft202012Validator(schema).validate(example)
            checked += 1

    assert checked > 100


def _media(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "schema" in value and ("example" in value or "examples" in value):
            yield value
        for inner in value.values():
            yield from _media(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _media(inner)
