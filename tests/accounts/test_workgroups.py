"""/api/workgroups: who is in them, and the history of it."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.actor import Actor
from accounts.models import PersonEvent, User, Workgroup
from tests.tickets.together import together


def test_an_administrator_sets_up_a_workgroup(dora, carol, as_user):
    response = as_user(dora).post(
        "/api/workgroups/create", {"name": "Billing", "members": [carol.pk, dora.pk]}
    )

    assert response.status_code == 200
    assert response.json()["members"] == sorted([carol.pk, dora.pk])
    assert PersonEvent.objects.filter(verb="joined").count() == 2
    assert as_user(carol).get("/api/user/profile").json()["workgroups"] == [
        {"id": response.json()["id"], "name": "Billing"}
    ]


@pytest.mark.parametrize("who", ["customer", "nobody"])
def test_only_the_team_is_in_workgroups(who, dora, alice, as_user):
    member = alice.pk if who == "customer" else 12345

    response = as_user(dora).post("/api/workgroups/create", {"name": "X", "members": [member]})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "members"
    assert not Workgroup.objects.exists()


def test_members_come_and_go_with_history(dora, carol, carlos):
    group = Workgroup.objects.set_up(by=Actor(dora), name="Billing", members=[carol.pk])

    group.edit(by=Actor(dora), members=[carlos.pk])

    rows = PersonEvent.objects.exclude(person_id=None).order_by("id")
    assert [(row.verb, row.person_id) for row in rows] == [
        ("joined", carol.pk),
        ("joined", carlos.pk),
        ("left", carol.pk),
    ]
    assert list(group.members.all()) == [carlos]
    assert User.objects.get(pk=carol.pk).version == 3


def test_who_becomes_a_customer_leaves_the_workgroups(dora, carol):
    group = Workgroup.objects.set_up(by=Actor(dora), name="Billing", members=[carol.pk])

    carol.edit(by=Actor(dora), role="customer")

    assert not group.members.exists()


def test_agents_read_and_customers_do_not(alice, carol, as_user):
    group = Workgroup.objects.create(name="Billing")

    assert as_user(carol).get(f"/api/workgroups/{group.pk}").status_code == 200
    assert as_user(carol).put(f"/api/workgroups/{group.pk}", {"name": "X"}).status_code == 403
    assert as_user(alice).get(f"/api/workgroups/{group.pk}").status_code in (403, 404)
    group.refresh_from_db()
    assert group.name == "Billing"


def test_a_name_is_taken_once(dora, as_user):
    Workgroup.objects.create(name="Billing")

    response = as_user(dora).post("/api/workgroups/create", {"name": "Billing"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "name"


def test_a_list_of_workgroups_costs_three_queries(dora, carol, bearer, django_assert_num_queries):
    for number in range(20):
        Workgroup.objects.create(name=f"Group {number}").members.set([carol, dora])
    client = bearer(dora)
    client.get("/api/user/profile")

    with django_assert_num_queries(3):
        assert len(client.get("/api/workgroups/list").json()) == 20


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_memberships_are_written_from_both_sides_at_once(dora, carol, carlos):
    people = [carol, carlos]
    groups = [Workgroup.objects.set_up(by=Actor(dora), name=name) for name in ("A", "B")]
    ids = {"members": [person.pk for person in people], "workgroups": [g.pk for g in groups]}

    def write(turn: int) -> None:
        is_full = turn % 4 < 2
        if turn % 2:
            group = Workgroup.objects.get(pk=groups[turn % 3 % 2].pk)
            group.edit(by=Actor(dora), members=ids["members"] if is_full else [])
        else:
            person = User.objects.get(pk=people[turn % 3 % 2].pk)
            person.edit(by=Actor(dora), workgroups=ids["workgroups"] if is_full else [])

    for _ in range(5):
        assert together(write, range(12)) == [None] * 12
