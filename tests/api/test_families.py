"""The shape that every family has, tried on people and workgroups."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from accounts.models import User, Workgroup


def test_a_list_is_a_bare_array(dora, as_user):
    response = as_user(dora).get("/api/users/list")

    assert response.status_code == 200
    assert [person["id"] for person in response.json()] == [dora.pk]


def test_create_answers_200_and_the_object(dora, as_user):
    response = as_user(dora).post("/api/workgroups/create", {"name": "Billing"})

    assert response.status_code == 200
    assert response.json()["name"] == "Billing"
    assert "Location" not in response


def test_the_rest_form_answers_201_and_says_where(dora, as_user):
    client = as_user(dora)

    response = client.post("/api/workgroups", {"name": "Billing"})

    assert response.status_code == 201
    location = response["Location"]
    assert location == f"http://testserver/api/workgroups/{response.json()['id']}"
    assert client.get(location).json() == response.json()
    assert client.get("/api/workgroups").json() == [response.json()]


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_slash_at_the_end_is_optional_and_never_a_redirect(slash, dora, as_user):
    client = as_user(dora)

    made = client.post(f"/api/workgroups/create{slash}", {"name": "Billing"})

    assert made.status_code == 200
    address = f"/api/workgroups/{made.json()['id']}{slash}"
    assert client.get(f"/api/workgroups/list{slash}").status_code == 200
    assert client.get(address).status_code == 200
    assert client.put(address, {"name": "Invoices"}).json()["name"] == "Invoices"
    assert client.delete(address).status_code == 200


@pytest.mark.parametrize("method", ["put", "patch"])
def test_put_and_patch_take_a_subset_of_the_fields(method, dora, carol, as_user):
    group = Workgroup.objects.create(name="Billing", description="Invoices")

    response = getattr(as_user(dora), method)(f"/api/workgroups/{group.pk}", {"name": "Money"})

    assert response.status_code == 200
    assert (response.json()["name"], response.json()["description"]) == ("Money", "Invoices")


def test_the_whole_object_can_be_read_edited_and_written_back(dora, carol, as_user):
    client = as_user(dora)
    whole = client.get(f"/api/users/{carol.pk}").json()

    response = client.put(f"/api/users/{carol.pk}", {**whole, "display_name": "Caroline"})

    assert response.status_code == 200
    assert response.json()["display_name"] == "Caroline"
    assert response.json()["version"] == whole["version"] + 1


def test_writing_the_present_values_is_no_change(dora, carol, as_user):
    client = as_user(dora)
    whole = client.get(f"/api/users/{carol.pk}").json()

    response = client.put(f"/api/users/{carol.pk}", whole)

    assert response.status_code == 200
    assert response.json() == whole


def test_delete_answers_the_object_as_it_was(dora, as_user):
    group = Workgroup.objects.create(name="Billing")
    client = as_user(dora)
    before = client.get(f"/api/workgroups/{group.pk}").json()

    response = client.delete(f"/api/workgroups/{group.pk}")

    assert response.status_code == 200
    assert response.json() == before
    assert client.get(f"/api/workgroups/{group.pk}").status_code == 404


def test_unknown_names_are_refused_by_name_and_nothing_changes(dora, carol, as_user):
    response = as_user(dora).put(
        f"/api/users/{carol.pk}", {"display_name": "X", "dispaly_name": "Y"}
    )

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["dispaly_name"]
    assert response.json()["errors"][0]["code"] == "unknown-field"
    carol.refresh_from_db()
    assert carol.display_name == "Carol"


@pytest.mark.parametrize("pk", ["abc", "-1", "0", "1e3", "٣", "9" * 19, "9" * 40, "1.0"])
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_an_id_that_cannot_be_is_not_found(pk, method, dora, as_user):
    response = getattr(as_user(dora), method)(f"/api/users/{pk}")

    assert response.status_code == 404
    assert response.json()["code"] == "not-found"


def test_an_id_has_one_spelling(dora, as_user):
    client = as_user(dora)
    elsewhere = str(dora.pk).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))

    for spelling in (elsewhere, f"+{dora.pk}", f"%20{dora.pk}", f"{dora.pk}.0", f"{dora.pk}_0"):
        assert client.get(f"/api/users/{spelling}").status_code == 404, spelling


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/api", "/api/users/1/fly", "/api/x/y/"])
def test_unknown_addresses_are_problems_too(path, method, db, client):
    response = getattr(client, method)(path)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not-found"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/users/list"),
        ("get", "/api/users/create"),
        ("delete", "/api/users"),
        ("post", "/api/users/1"),
        ("delete", "/api/user/profile"),
    ],
)
def test_a_wrong_method_is_405_and_says_the_right_ones(method, path, dora, as_user):
    response = getattr(as_user(dora), method)(path)

    assert response.status_code == 405
    assert response.json()["code"] == "method-not-allowed"
    assert response["Allow"]


def test_options_says_the_methods(dora, as_user):
    response = as_user(dora).options("/api/users/list")

    assert response.status_code == 204
    assert response["Allow"] == "GET, HEAD, OPTIONS"


def test_fields_trims_the_object(dora, as_user):
    client = as_user(dora)

    assert client.get("/api/users/list?fields=id,username").json() == [
        {"id": dora.pk, "username": "dora@example.com"}
    ]
    assert client.get(f"/api/users/{dora.pk}?fields=role").json() == {"role": "administrator"}
    refused = client.get("/api/users/list?fields=id,secret")
    assert refused.status_code == 400
    assert "secret" in refused.json()["detail"]


def test_json_is_answered_whatever_is_accepted(dora, as_user):
    response = as_user(dora).get("/api/users/list", headers={"Accept": "text/html"})

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_a_content_type_on_get_without_a_body_is_fine(dora, bearer):
    client = bearer(dora)

    for kind in ("application/json", "text/plain", "application/xml"):
        response = client.get("/api/user/profile", headers={"Content-Type": kind})
        assert response.status_code == 200
    assert (
        client.generic("GET", "/api/user/profile", "{broken", "application/json").status_code == 200
    )


def test_answers_say_how_many_calls_are_left_and_how_long_the_token_lives(dora, issue, client):
    row, secret = issue(dora)

    response = client.get("/api/user/profile", headers={"Authorization": f"Bearer {secret}"})

    assert response["RateLimit-Policy"] == '"minute";q=600;w=60'
    assert response["RateLimit"].startswith('"minute";r=599;t=')
    assert response["X-Token-Expires-At"] == f"{row.expires_at:%Y-%m-%dT%H:%M:%SZ}"


# --- versions -----------------------------------------------------------------------------------


def test_the_etag_is_the_version(dora, carol, as_user):
    client = as_user(dora)

    response = client.get(f"/api/users/{carol.pk}")
    assert response["ETag"] == f'"{response.json()["version"]}"'
    written = client.put(f"/api/users/{carol.pk}", {"display_name": "C"})
    assert written["ETag"] == '"2"'


@pytest.mark.parametrize("how", ["header", "weak header", "body"])
def test_a_stale_version_is_412_with_the_object_as_it_is(how, dora, carol, as_user):
    client = as_user(dora)
    carol.edit(by=Actor.system(), display_name="Caroline")
    headers = {"header": {"If-Match": '"1"'}, "weak header": {"If-Match": 'W/"1"'}}.get(how, {})
    body = {"display_name": "Lost", **({"version": 1} if how == "body" else {})}

    response = client.put(f"/api/users/{carol.pk}", body, headers=headers)

    assert response.status_code == 412
    assert response.json()["code"] == "stale-version"
    assert response.json()["current"] == client.get(f"/api/users/{carol.pk}").json()
    assert User.objects.get(pk=carol.pk).display_name == "Caroline"


def test_the_right_version_writes(dora, carol, as_user):
    client = as_user(dora)

    response = client.put(
        f"/api/users/{carol.pk}", {"display_name": "C"}, headers={"If-Match": '"1"'}
    )

    assert response.status_code == 200
    assert response.json()["version"] == 2


def test_a_stale_delete_changes_nothing(dora, carol, as_user):
    response = as_user(dora).delete(f"/api/users/{carol.pk}", headers={"If-Match": '"9"'})

    assert response.status_code == 412
    assert User.objects.get(pk=carol.pk).is_active


@pytest.mark.parametrize("value", ['"x"', "", '"1", "2"', '"99999999999999999999"'])
def test_an_unreadable_if_match_is_refused(value, dora, carol, as_user):
    response = as_user(dora).put(
        f"/api/users/{carol.pk}", {"display_name": "C"}, headers={"If-Match": value}
    )

    assert response.status_code == 400
    assert response.json()["code"] == "if-match-invalid"


@pytest.mark.parametrize("version", [True, 1.5, "x", [], {}])
def test_a_version_that_is_no_number_is_refused(version, dora, carol, as_user):
    response = as_user(dora).put(
        f"/api/users/{carol.pk}", {"display_name": "C", "version": version}
    )

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "version"
    assert User.objects.get(pk=carol.pk).display_name == "Carol"
