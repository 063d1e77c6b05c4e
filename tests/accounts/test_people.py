"""/api/users: who may do what to whom, and what is written down about it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import RequestFactory

from accounts.actor import Actor
from accounts.models import PersonEvent, User, Workgroup
from records.errors import Conflict, Forbidden, Stale


def events(person: User) -> list[tuple[str, str, str, str]]:
    rows = PersonEvent.objects.filter(person_id=person.pk).order_by("id")
    return [(row.verb, row.field, row.old, row.new) for row in rows]


def test_nobody_is_asked_for_a_token(alice, client):
    for path in ("/api/users/list", f"/api/users/{alice.pk}", "/api/user/profile"):
        response = client.get(path)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'
        assert response.json()["code"] == "token-missing"


def test_agents_read_everybody_and_write_nobody(alice, carol, as_user):
    client = as_user(carol)

    assert {row["id"] for row in client.get("/api/users/list").json()} == {alice.pk, carol.pk}
    for method, path in (
        ("post", "/api/users/create"),
        ("put", f"/api/users/{alice.pk}"),
        ("delete", f"/api/users/{alice.pk}"),
        ("put", f"/api/users/{carol.pk}"),
    ):
        response = getattr(client, method)(path, {"display_name": "X"})
        assert response.status_code == 403
        assert response.json()["code"] == "role"
    assert set(User.objects.values_list("display_name", flat=True)) == {"Alice", "Carol"}


def test_nobody_is_no_actor():
    request = RequestFactory().post("/api/users/create")
    request.user = AnonymousUser()

    # Without a person an actor would be the system itself.
    with pytest.raises(PermissionDenied):
        Actor.of(request)


def test_customers_see_nobody_but_themselves(alice, bob, as_user):
    assert list(User.objects.visible_to(alice)) == [alice]
    assert as_user(alice).get(f"/api/users/{bob.pk}").status_code in (403, 404)
    assert as_user(alice).get("/api/user/profile").json()["id"] == alice.pk


def test_an_administrator_makes_a_person(dora, as_user):
    group = Workgroup.objects.create(name="Billing")

    response = as_user(dora).post(
        "/api/users/create",
        {
            "username": "小林@example.com",
            "display_name": "Lin 🙂",
            "role": "agent",
            "language": "zh-hans",
            "time_zone": "Asia/Shanghai",
            "workgroups": [group.pk],
            "external_source": "crm",
            "external_id": "1042",
            "password": "a fine long sentence",
        },
    )

    assert response.status_code == 200, response.content
    person = User.objects.get(pk=response.json()["id"])
    assert person.check_password("a fine long sentence")
    assert "password" not in response.json()
    assert response.json()["workgroups"] == [group.pk]
    assert events(person) == [("created", "", "", "agent"), ("joined", "", "", "")]
    assert {row.actor_id for row in PersonEvent.objects.all()} == {dora.pk}
    found = as_user(dora).get("/api/users/list?external_source=crm&external_id=1042").json()
    assert [row["id"] for row in found] == [person.pk]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "username"),
        ({"username": ""}, "username"),
        ({"username": "x" * 255}, "username"),
        ({"username": "with space"}, "username"),
        ({"username": ["a"]}, "username"),
        ({"username": None}, "username"),
        ({"username": "x", "role": "king"}, "role"),
        ({"username": "x", "email": "nobody"}, "email"),
        ({"username": "x", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"username": "x", "time_zone": "../../etc/passwd"}, "time_zone"),
        ({"username": "x", "language": "tlh"}, "language"),
        ({"username": "x", "availability": "away"}, "availability"),
        ({"username": "x", "is_active": "perhaps"}, "is_active"),
        ({"username": "x", "password": "short"}, "password"),
        ({"username": "x", "password": "password123"}, "password"),
        ({"username": "x", "display_name": "y" * 121}, "display_name"),
        ({"username": "x", "role": "agent", "workgroups": [99]}, "workgroups"),
        ({"username": "x", "role": "agent", "workgroups": [10**30]}, "workgroups.0"),
        ({"username": "x", "role": "agent", "workgroups": ["a"]}, "workgroups.0"),
        ({"username": "x", "role": "agent", "workgroups": 1}, "workgroups"),
        ({"username": "x", "nickname": "y"}, "nickname"),
        ({"username": "x", "is_superuser": True}, "is_superuser"),
    ],
)
def test_bad_fields_are_named_and_nobody_is_made(fields, field, dora, as_user):
    response = as_user(dora).post("/api/users/create", fields)

    assert response.status_code == 400, response.content
    assert field in [error["field"] for error in response.json()["errors"]]
    assert User.objects.count() == 1
    assert not PersonEvent.objects.exists()


@pytest.mark.parametrize("username", ["dora@example.com", "DORA@example.com"])
def test_a_username_is_taken_once_in_any_case(username, dora, as_user):
    response = as_user(dora).post("/api/users/create", {"username": username})

    assert response.status_code == 400
    assert "username" in response.json()["detail"]
    assert User.objects.count() == 1


def test_an_external_id_belongs_to_one_person(dora, carol, alice, as_user):
    client = as_user(dora)
    outside = {"external_source": "crm", "external_id": "7"}

    assert client.put(f"/api/users/{carol.pk}", outside).status_code == 200
    assert client.put(f"/api/users/{alice.pk}", outside).status_code == 400
    assert User.objects.get(pk=alice.pk).external_id == ""
    elsewhere = {**outside, "external_source": "shop"}
    assert client.put(f"/api/users/{alice.pk}", elsewhere).status_code == 200
    for part in ({"external_source": "crm"}, outside):
        assert client.patch(f"/api/users/{alice.pk}", part).status_code == 400


def test_edits_leave_a_history_of_ids_and_choices_but_no_texts(dora, carol):
    by = Actor(dora, token_id=None)
    group = Workgroup.objects.create(name="Billing")

    carol.edit(by=by, display_name="Private Name", role="administrator", workgroups=[group.pk])

    assert events(carol) == [
        ("changed", "display_name", "", ""),
        ("changed", "role", "agent", "administrator"),
        ("joined", "", "", ""),
    ]
    assert PersonEvent.objects.filter(workgroup_id=group.pk, verb="joined").exists()
    assert (carol.version, Workgroup.objects.get().version) == (2, 2)


def test_the_history_cannot_be_rewritten(dora, carol):
    carol.edit(by=Actor(dora), role="customer")

    with pytest.raises(TypeError):
        PersonEvent.objects.update(new="agent")
    with pytest.raises(TypeError):
        PersonEvent.objects.all().delete()


def test_the_second_of_two_editors_is_told(dora, carol):
    stale = User.objects.get(pk=carol.pk)
    carol.edit(by=Actor(dora), display_name="First")

    with pytest.raises(Stale):
        stale.edit(by=Actor(dora), expected_version=1, display_name="Second")

    assert User.objects.get(pk=carol.pk).display_name == "First"


def test_a_failed_edit_leaves_no_trace(dora, carol):
    with pytest.raises(Exception, match="no time zone"):
        carol.edit(by=Actor(dora), display_name="X", time_zone="Mars/Olympus")

    assert User.objects.get(pk=carol.pk).display_name == "Carol"
    assert events(carol) == []


def test_delete_deactivates_and_shuts_out_at_once(dora, carol, as_user, bearer):
    token_client, session_client = bearer(carol), as_user(carol)
    assert token_client.get("/api/user/profile").status_code == 200

    response = as_user(dora).delete(f"/api/users/{carol.pk}")

    assert response.status_code == 200
    assert response.json()["is_active"] is True
    assert User.objects.get(pk=carol.pk).is_active is False
    refused = token_client.get("/api/user/profile")
    assert refused.status_code == 401
    assert refused.json()["code"] == "user-inactive"
    assert session_client.get("/api/user/profile").status_code == 401
    assert events(carol) == [("changed", "is_active", "True", "False")]


@pytest.mark.parametrize("change", [{"role": "agent"}, {"is_active": False}])
def test_the_last_administrator_stays(change, dora, as_user):
    response = as_user(dora).put(f"/api/users/{dora.pk}", change)

    assert response.status_code == 409
    assert response.json()["code"] == "last-administrator"
    dora.refresh_from_db()
    assert (dora.role, dora.is_active) == ("administrator", True)


def test_an_administrator_may_go_when_another_is_there(dora, carol):
    carol.edit(by=Actor.system(), role="administrator")
    dora.deactivate(by=Actor(carol))

    with pytest.raises(Conflict):
        carol.deactivate(by=Actor(carol))


# --- what no token does -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"password": "a fine long sentence"},
        {"email": "other@example.com"},
        {"role": "administrator"},
        {"role": "customer"},
        {"username": "other@example.com"},
    ],
)
def test_a_token_never_changes_how_somebody_gets_in(change, dora, carol, bearer):
    client = bearer(dora, scopes=["users:write"])

    response = client.put(f"/api/users/{carol.pk}", change)

    assert response.status_code == 403
    assert response.json()["code"] == "password-session-needed"
    before = {"username": "carol@example.com", "email": "", "role": "agent", "version": 1}
    assert User.objects.filter(pk=carol.pk, **before).exists()
    assert User.objects.get(pk=carol.pk).check_password("correct horse battery staple")


def test_a_token_may_write_the_whole_object_back(dora, carol, bearer):
    client = bearer(dora, scopes=["users:write"])
    whole = client.get(f"/api/users/{carol.pk}").json()

    response = client.put(f"/api/users/{carol.pk}", {**whole, "display_name": "Caroline"})

    assert response.status_code == 200
    row = PersonEvent.objects.get(person_id=carol.pk)
    assert row.token_id is not None


def test_a_token_neither_makes_nor_edits_administrators(dora, bearer):
    other = User.objects.create_user("dan@example.com", role=User.Role.ADMINISTRATOR)
    client = bearer(dora, scopes=["users:write"])

    answers = [
        client.post("/api/users/create", {"username": "eve", "role": "administrator"}),
        client.put(f"/api/users/{other.pk}", {"display_name": "X"}),
        client.delete(f"/api/users/{other.pk}"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert User.objects.filter(pk=other.pk, is_active=True, display_name="").exists()
    assert User.objects.count() == 2


def test_a_token_makes_agents_and_customers_without_a_password(dora, bearer):
    client = bearer(dora, scopes=["users:write"])

    made = client.post(
        "/api/users/create", {"username": "eve", "role": "agent", "email": "e@x.org"}
    )
    refused = client.post("/api/users/create", {"username": "mal", "password": "a fine long one"})

    assert made.status_code == 200
    assert not User.objects.get(username="eve").has_usable_password()
    assert refused.status_code == 403
    assert not User.objects.filter(username="mal").exists()


def test_a_token_without_the_scope_writes_nothing(dora, carol, bearer):
    response = bearer(dora, scopes=["users:read"]).put(f"/api/users/{carol.pk}", {"role": "x"})

    assert response.status_code == 403
    assert response.json()["code"] == "insufficient-scope"
    assert 'scope="users:write"' in response["WWW-Authenticate"]


def test_agents_cannot_write_around_the_api_either(carol, carlos):
    with pytest.raises(Forbidden):
        carlos.edit(by=Actor(carol), display_name="X")
    with pytest.raises(Forbidden):
        carol.edit(by=Actor(carol), role="administrator")
    with pytest.raises(Forbidden):
        User.objects.enrol(by=Actor(carol), username="eve")


def test_a_new_password_ends_all_sessions_of_the_person(dora, carol, as_user):
    session = as_user(carol)
    assert session.get("/api/user/profile").status_code == 200

    response = as_user(dora).put(f"/api/users/{carol.pk}", {"password": "a fine long sentence"})

    assert response.status_code == 200
    assert session.get("/api/user/profile").status_code == 401
    assert events(carol) == [("changed", "password", "", "")]


def test_a_race_for_a_username_is_bad_input(dora, monkeypatch):
    """The other one comes between the check and the write."""
    full_clean, calls = User.full_clean, []

    def overtaken(self, *args, **kwargs):
        full_clean(self, *args, **kwargs)
        if not calls:
            calls.append(1)
            User.objects.bulk_create([User(username="eve", password="!")])

    monkeypatch.setattr(User, "full_clean", overtaken)

    with pytest.raises(ValidationError, match="username"):
        User.objects.enrol(by=Actor(dora), username="EVE")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"username": "Alice@Example.com"}, "username"),
        ({"username": "eve", "external_source": "crm", "external_id": "7"}, "external_id"),
    ],
)
def test_what_is_taken_is_said_at_its_field(sent, field, alice, dora, as_user):
    alice.edit(by=Actor.system(), external_source="crm", external_id="7")

    response = as_user(dora).post("/api/users/create", sent)

    assert response.status_code == 400
    assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [(field, "unique")]
    assert User.objects.count() == 2
