"""Pages, orderings, filters: right, and at a fixed price."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.filters import PersonFilter, WorkgroupFilter
from accounts.models import User, Workgroup
from messaging.filters import ConversationFilter, MessageFilter
from tickets.filters import TicketFilter
from tokens.api.filters import TokenFilter


def pages(client, address: str) -> list[list[dict]]:
    """Follow rel="next" to the end."""
    found = []
    while address:
        response = client.get(address)
        assert response.status_code == 200, response.content
        found.append(response.json())
        address = link(response, "next")
    return found


def link(response, relation: str) -> str:
    match = re.search(rf'<([^>]*)>; rel="{relation}"', response.get("Link", ""))
    return match[1] if match else ""


@pytest.mark.parametrize(
    "ordering", ["id", "-id", "username", "-username", "-updated_at", "created_at"]
)
def test_every_row_is_on_one_page_in_order(ordering, dora, as_user, crowd):
    crowd(22)
    User.objects.update(updated_at=timezone.now())  # all alike: the id must decide

    turned = pages(as_user(dora), f"/api/users/list?limit=5&ordering={ordering}")

    column = ordering.removeprefix("-")
    rows = [(person[column], person["id"]) for page in turned for person in page]
    assert rows == sorted(set(rows), reverse=ordering.startswith("-"))
    assert [len(page) for page in turned] == [5, 5, 5, 5, 3]


def test_prev_leads_back_to_the_same_pages(dora, as_user, crowd):
    crowd(9)
    client = as_user(dora)
    first = client.get("/api/users/list?limit=4")
    second = client.get(link(first, "next"))
    third = client.get(link(second, "next"))

    assert link(first, "prev") == ""
    assert link(third, "next") == ""
    back = client.get(link(third, "prev"))
    assert back.json() == second.json()
    again = client.get(link(back, "prev"))
    assert again.json() == first.json()
    assert link(again, "prev") == ""
    assert client.get(link(again, "next")).json() == second.json()


def test_a_row_that_comes_or_goes_between_pages_moves_nothing(dora, as_user, crowd):
    people = crowd(6)
    client = as_user(dora)
    first = client.get("/api/users/list?limit=3&ordering=id")
    seen = [person["id"] for person in first.json()]

    User.objects.filter(pk=people[0].pk).delete()
    crowd_late = User.objects.create_user("late@example.com")
    rest = pages(client, link(first, "next"))

    ids = [person["id"] for page in rest for person in page]
    assert ids == [people[n].pk for n in range(2, 6)] + [crowd_late.pk]
    assert not set(ids) & set(seen)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "", "1.5", "٣", "9" * 30])
def test_a_limit_out_of_bounds_is_refused(limit, dora, as_user):
    response = as_user(dora).get("/api/users/list", {"limit": limit})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "limit"


def test_the_default_page_is_50_and_the_largest_200(dora, as_user, crowd):
    crowd(210)
    client = as_user(dora)

    assert len(client.get("/api/users/list").json()) == 50
    assert len(client.get("/api/users/list?limit=200").json()) == 200


def test_the_count_comes_on_demand(dora, as_user, crowd):
    crowd(7)
    client = as_user(dora)

    assert "X-Total-Count" not in client.get("/api/users/list?limit=2")
    first = client.get("/api/users/list?limit=2&with_count=true")
    assert first["X-Total-Count"] == "8"
    assert client.get(link(first, "next"))["X-Total-Count"] == "8"
    assert client.get("/api/users/list?with_count=yes").status_code == 400


def test_foreign_and_forged_cursors_are_refused(dora, as_user, crowd):
    crowd(5)
    client = as_user(dora)
    address = link(client.get("/api/users/list?limit=2&role=customer"), "next")
    cursor = re.search("cursor=([^&]+)", address)[1]

    for foreign in (
        f"/api/users/list?role=agent&cursor={cursor}",
        f"/api/users/list?role=customer&ordering=username&cursor={cursor}",
        f"/api/workgroups/list?cursor={cursor}",
        f"/api/users/list?role=customer&cursor={cursor[:-2]}xx",
        "/api/users/list?cursor=",
        "/api/users/list?cursor=🙂",
        "/api/users/list?cursor=WyIzIiwzLGZhbHNlXQ",
    ):
        response = client.get(foreign)
        assert response.status_code == 400, foreign
        assert response.json()["errors"][0]["code"] == "cursor-invalid"
    assert client.get(f"/api/users/list?role=customer&limit=1&cursor={cursor}").status_code == 200


def test_visibility_is_asked_again_on_every_page(dora, carol, as_user, crowd):
    crowd(5)
    address = link(as_user(carol).get("/api/users/list?limit=2"), "next")

    User.objects.filter(pk=carol.pk).update(role=User.Role.CUSTOMER)

    assert as_user(User.objects.get(pk=carol.pk)).get(address).status_code == 403


def test_an_unknown_ordering_is_refused_with_the_known_ones(dora, as_user):
    response = as_user(dora).get("/api/users/list?ordering=password")

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "unknown-ordering"
    assert "username" in response.json()["detail"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("rolle=agent", "unknown-parameter"),
        ("search=agent&search=customer", "doubled-parameter"),
        ("role=king", "invalid-choice"),
        ("role=agent,king", "invalid-choice"),
        ("workgroup=x", "invalid"),
        ("workgroup=99999999999999999999", "max-value"),
        ("created_after=yesterday", "invalid"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_name(query, code, dora, as_user):
    response = as_user(dora).get(f"/api/users/list?{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == query.partition("=")[0]
    assert response.json()["errors"][0]["code"] == code


FILTERS = [
    (family, name)
    for family, filterset in {
        "users": PersonFilter,
        "workgroups": WorkgroupFilter,
        "tickets": TicketFilter,
        "messages": MessageFilter,
        "conversations": ConversationFilter,
        "tokens": TokenFilter,
    }.items()
    for name in filterset.base_filters
]


@pytest.mark.parametrize(("family", "name"), FILTERS)
def test_a_filter_without_a_value_is_refused(family, name, dora, as_user):
    client = as_user(dora)

    for value in ("", " ", ",", "1,", ",1", "1,,2"):
        response = client.get(f"/api/{family}/list", {name: value})
        assert response.status_code == 400, value
        error = response.json()["errors"][0]
        assert (error["field"], error["code"]) == (name, "blank")


@pytest.mark.parametrize("name", ["limit", "cursor", "with_count", "ordering", "fields"])
def test_no_other_parameter_is_empty_either(name, dora, as_user):
    response = as_user(dora).get("/api/tickets/list", {name: ""})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == name


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("users", "is_active"),
        ("messages", "internal"),
        ("conversations", "unread"),
        ("tokens", "used_after_rotation"),
    ],
)
def test_true_and_false_are_the_only_two_words(family, name, dora, as_user):
    client = as_user(dora)

    for value in ("true", "false"):
        assert client.get(f"/api/{family}/list", {name: value}).status_code == 200
    for value in ("nonsense", "yes", "2", "null", "true,false"):
        response = client.get(f"/api/{family}/list", {name: value})
        assert response.status_code == 400, value
        error = response.json()["errors"][0]
        assert (error["field"], error["code"]) == (name, "invalid")


def test_true_and_false_narrow_lists(alice, dora, as_user):
    User.objects.filter(pk=alice.pk).update(is_active=False)

    def found(value: str) -> list[int]:
        rows = as_user(dora).get("/api/users/list", {"is_active": value}).json()
        return [person["id"] for person in rows]

    assert (found("true"), found("false")) == ([dora.pk], [alice.pk])


def test_unknown_parameters_are_refused_on_one_object_too(dora, as_user):
    assert as_user(dora).get(f"/api/users/{dora.pk}?role=agent").status_code == 400


def test_commas_mean_or(alice, carol, dora, as_user):
    client = as_user(dora)

    def found(query: str) -> list[str]:
        return [person["display_name"] for person in client.get(f"/api/users/list?{query}").json()]

    assert found("role=agent,customer&ordering=id") == ["Alice", "Carol"]
    assert found("role=customer") == ["Alice"]
    assert found("username=CAROL@example.com") == ["Carol"]
    assert found("is_active=false") == []


def test_filters_across_a_relation_show_a_row_once(carol, carlos, dora, as_user):
    groups = [Workgroup.objects.create(name=name) for name in ("A", "B")]
    for group in groups:
        group.members.set([carol])

    response = as_user(dora).get(f"/api/users/list?workgroup={groups[0].pk},{groups[1].pk}")

    assert [person["id"] for person in response.json()] == [carol.pk]


def test_search_finds_parts_of_names(alice, bob, dora, as_user):
    response = as_user(dora).get("/api/users/list?search=LIC")

    assert [person["id"] for person in response.json()] == [alice.pk]
    assert as_user(dora).get("/api/workgroups/list?search=x").status_code == 400


CHANGED = ["created_after", "created_before", "updated_after", "updated_before"]


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("users", CHANGED),
        ("workgroups", CHANGED),
        ("tickets", CHANGED),
        ("tokens", ["created_after", "created_before", "expires_after", "expires_before",
                    "unused_since"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_is_none_in_utc_is_refused(moment, family, names, dora, as_user):
    for name in names:
        response = as_user(dora).get(f"/api/{family}/list", {name: moment})

        assert response.status_code == 400, name
        assert response.json()["errors"][0]["field"] == name
        assert response.json()["errors"][0]["code"] == "invalid"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_the_first_and_the_last_moment_are_answered_in_any_zone(zone, dora, as_user):
    dora.time_zone = zone
    dora.save()

    for moment in ("0001-01-01T00:00:00", "9999-12-31T23:59:59", "0001-01-01", "9999-12-31"):
        for name in CHANGED:
            response = as_user(dora).get("/api/tickets/list", {name: moment})
            assert response.status_code in (200, 400), (name, moment)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_figures_of_a_moment_that_is_none_in_utc_are_refused(moment, dora, as_user):
    for name in ("from", "to"):
        response = as_user(dora).get("/api/statistics/overview", {name: moment})

        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == name


@pytest.mark.parametrize("family", ["users", "tickets", "messages", "tokens"])
def test_a_search_for_long_texts_is_refused(family, dora, as_user):
    client = as_user(dora)

    for text in ("x" * 201, "x" * 16_000):
        response = client.get(f"/api/{family}/list", {"search": text})
        assert response.status_code == 400
        error = response.json()["errors"][0]
        assert (error["field"], error["code"]) == ("search", "max-length")
    for fine in ("x" * 200, " " * 300, ""):
        assert client.get(f"/api/{family}/list", {"search": fine}).status_code == 200


@pytest.mark.parametrize("rows", [10, 50, 200])
def test_a_page_costs_three_queries_with_the_token_however_long(
    rows, dora, bearer, crowd, django_assert_num_queries
):
    people = crowd(rows)
    group = Workgroup.objects.create(name="All")
    group.members.set(people)
    client = bearer(dora)
    client.get("/api/user/profile")  # the token's last use is noted once a minute

    with django_assert_num_queries(3):
        assert len(client.get(f"/api/users/list?limit={rows}").json()) == rows
    with django_assert_num_queries(3):
        client.get(
            f"/api/users/list?limit={rows}&role=customer&workgroup={group.pk}&ordering=username"
        )


def test_one_query_reads_the_page_and_none_uses_offset(dora, as_user, crowd):
    crowd(30)
    client = as_user(dora)
    address = link(client.get("/api/users/list?limit=10"), "next")

    with CaptureQueriesContext(connection) as queries:
        client.get(address)

    pages_read = [
        query["sql"]
        for query in queries
        if 'FROM "accounts_user"' in query["sql"] and "LIMIT 11" in query["sql"]
    ]
    assert len(pages_read) == 1
    assert not any("OFFSET" in query["sql"] for query in queries)
