"""The description of the API: complete, without warnings, and the same as the checked-in file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.urls import get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from rest.views import make_schema, rendered_schema

CHECKED_IN = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def document() -> dict:
    make_schema.cache_clear()
    GENERATOR_STATS.reset()
    made = yaml.safe_load(rendered_schema("yaml"))
    assert not GENERATOR_STATS, [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
    return made


def operations(document: dict) -> list[tuple[str, dict]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_openapi_3_1_without_warnings(document):
    assert document["openapi"].startswith("3.1")
    validate_schema(document)


def test_every_operation_says_what_it_does_and_needs(document):
    for name, operation in operations(document):
        assert operation["summary"], name
        assert "permission" in operation["description"] or "token" in operation["description"], name
        assert operation["security"] == [{"AccessToken": []}], name


def test_every_operation_has_examples_and_refusals(document):
    for name, operation in operations(document):
        assert {"400", "401", "403", "429"} <= set(operation["responses"]), name
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            media = body.get("content", {}).get("application/json")
            assert media is None or "example" in media or "examples" in media, name


def test_the_documented_way_to_create_and_delete_answers_200(document):
    assert "200" in document["paths"]["/api/users/create"]["post"]["responses"]
    assert "200" in document["paths"]["/api/users/{id}"]["delete"]["responses"]
    assert "/api/users" not in document["paths"]


def test_ids_are_numbers_and_put_takes_a_subset(document):
    users = document["paths"]["/api/users/{id}"]

    assert users["get"]["parameters"][0]["schema"]["type"] == "integer"
    body = users["put"]["requestBody"]["content"]["application/json"]["schema"]
    assert "required" not in document["components"]["schemas"][body["$ref"].split("/")[-1]]


def test_operation_ids_are_unique(document):
    ids = [operation["operationId"] for _, operation in operations(document)]

    assert len(ids) == len(set(ids))


def test_the_checked_in_file_is_what_the_code_says():
    made = rendered_schema("yaml").decode()

    assert CHECKED_IN.read_text(encoding="utf-8") == made, (
        "Look at the difference, then run `make write-schema`."
    )


@pytest.mark.parametrize(("query", "kind"), [("", "openapi"), ("?format=json", "openapi+json")])
def test_everybody_may_read_it(query, kind, client):
    response = client.get(f"/api/schema{query}")

    assert response.status_code == 200
    assert kind in response["Content-Type"]
    assert client.get("/api/schema?format=xml").status_code == 400


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(client):
    response = client.get("/api/docs")

    page = response.content.decode()
    assert response.status_code == 200
    assert "<script>" not in page
    assert "style=" not in page
    assert "http" not in page.replace('name="viewport"', "")
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "img-src 'self' data:" in response["Content-Security-Policy"]


def test_every_family_is_in_it(document):
    families = {
        pattern.name.removesuffix("-list")
        for entry in get_resolver().url_patterns
        if hasattr(entry, "url_patterns")
        for pattern in entry.url_patterns
        if (getattr(pattern, "name", None) or "").endswith("-list")
    }

    described = {path.split("/")[2] for path in document["paths"]}
    assert families <= described
