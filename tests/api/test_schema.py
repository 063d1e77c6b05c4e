"""The description of the API: complete, without warnings, and the same as the checked-in file."""

from __future__ import annotations

import re
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


# --- What typed clients build on ----------------------------------------------------------------


def reached_from_answers(document: dict) -> set[str]:
    """Return the names of the shapes that answers have, and those inside of them."""
    schemas, found = document["components"]["schemas"], set()
    waiting = [
        answer.get("content", {})
        for _, operation in operations(document)
        for answer in operation["responses"].values()
    ]
    while waiting:
        for name in re.findall(r"#/components/schemas/(\w+)", str(waiting.pop())):
            if name not in found:
                found.add(name)
                waiting.append(schemas[name])
    return found


def body_of(operation: dict, kind: str = "application/json") -> str:
    return operation["requestBody"]["content"][kind]["schema"]["$ref"].rpartition("/")[2]


def test_answers_have_all_their_members_always(document):
    for name in reached_from_answers(document):
        shape = document["components"]["schemas"][name]
        assert shape.get("required", []) == sorted(shape.get("properties", {})), name


def test_what_may_be_null_is_said_to_be(document):
    schemas = document["components"]["schemas"]

    assert schemas["Ticket"]["properties"]["follow_up_of"]["type"] == ["integer", "null"]
    assert schemas["Person"]["properties"]["avatar"]["type"] == ["string", "null"]
    assert "token" not in schemas["Token"]["properties"]
    assert schemas["NewToken"]["properties"]["token"]["type"] == ["string", "null"]


def test_no_member_of_a_body_is_promised_by_a_default(document):
    for name, shape in document["components"]["schemas"].items():
        for member, schema in shape.get("properties", {}).items():
            assert "default" not in schema, f"{name}.{member}"


def test_an_empty_address_has_one_shape_only(document):
    """An empty text is a text of at most 254 letters, too, so it is not one of two."""
    assert "anyOf" in document["components"]["schemas"]["PersonRequest"]["properties"]["email"]


def test_a_picture_is_a_file_in_a_form_and_an_address_in_json(document):
    call = document["paths"]["/api/user/profile"]["put"]
    schemas = document["components"]["schemas"]

    form = schemas[body_of(call, "multipart/form-data")]["properties"]["avatar"]
    assert (form["type"], form["format"]) == ("string", "binary")
    in_json = schemas[body_of(call)]["properties"]["avatar"]
    assert (in_json["type"], in_json["format"]) == (["string", "null"], "uri")


def test_messages_name_the_orderings_of_both_kinds_of_list(document):
    parameters = document["paths"]["/api/messages/list"]["get"]["parameters"]
    ordering = next(each for each in parameters if each["name"] == "ordering")

    assert ordering["schema"] == {"type": "string", "enum": ["-id", "-seq", "id", "seq"]}


def test_whatever_compares_versions_says_how(document):
    for name, operation in operations(document):
        parameters = {each["name"]: each for each in operation.get("parameters", [])}
        compares = "{id}" in name or "{key}" in name or "profile" in name
        compares = compares and not name.startswith("GET") and not name.endswith("/read")
        assert ("412" in operation["responses"]) == compares, name
        assert ("If-Match" in parameters) == compares, name
        if compares and not name.startswith("DELETE"):
            shape = document["components"]["schemas"][body_of(operation)]
            assert shape["properties"]["version"]["type"] == "integer", name


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"If-Match": "*"}, {"If-Match": "seven"}),
        ({"If-Match": '"7"'}, {"If-Match": '"7'}),
        ({"If-Match": 'W/"7"'}, {"If-Match": '"7","8"'}),
        ({"Idempotency-Key": "a b"}, {"Idempotency-Key": " a"}),
        ({"Idempotency-Key": "order-2041"}, {"Idempotency-Key": "Ä"}),
    ],
)
def test_headers_have_patterns(document, good, bad):
    call = document["paths"]["/api/tickets/{id}/resolve"]["post"]
    patterns = {
        each["name"]: each["schema"]["pattern"]
        for each in call["parameters"]
        if each["in"] == "header"
    }

    for texts, fits in ((good, True), (bad, False)):
        for header, text in texts.items():
            assert bool(re.search(patterns[header], text)) is fits


def test_lists_are_called_lists_and_changes_updates(document):
    schemas = document["components"]["schemas"]

    assert schemas["TicketList"]["type"] == "array"
    assert body_of(document["paths"]["/api/tickets/{id}"]["put"]) == "TicketUpdate"
    assert not [name for name in schemas if name.startswith(("Paginated", "Patched"))]


def test_it_says_where_whose_and_under_which_licence(document):
    assert document["servers"][0]["url"] == "/"
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["info"]["contact"]["name"]
    assert "`/api/tickets`" in document["info"]["description"]
    declared = {tag["name"] for tag in document["tags"]}
    assert {tag for _, call in operations(document) for tag in call["tags"]} == declared


def test_nothing_in_it_is_unused_or_cut_short(document):
    text = str(document)
    for name in document["components"]["schemas"]:
        assert f"'#/components/schemas/{name}'" in text, name
    assert "wlc_…" not in text


def test_problems_tell_their_further_members(document):
    members = set(document["components"]["schemas"]["Problem"]["properties"])

    assert {"current", "allowed", "messages", "scope", "id", "assignee"} < members
