"""Counts end at a limit: in the API, in the admin, and where rows are chosen by their list."""

from __future__ import annotations

import pytest

from accounts.models import User
from records import counts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def four_are_many(monkeypatch):
    monkeypatch.setattr(counts, "MOST_COUNTED", 4)


@pytest.fixture
def crowd(dora):
    for number in range(6):
        User.objects.create_user(f"person{number}@example.com")


def test_the_database_stops_counting(crowd, django_assert_num_queries):
    with django_assert_num_queries(1) as asked:
        assert counts.count(User.objects.order_by("username")) == (4, False)
    assert "LIMIT 5" in asked.captured_queries[0]["sql"]
    assert counts.count(User.objects.none()) == (0, True)


def test_the_api_says_whether_the_count_is_exact(crowd, dora, as_user):
    client = as_user(dora)
    many = client.get("/api/users/list?with_count=true&limit=2")
    assert (many["X-Total-Count"], many["X-Total-Count-Exact"]) == ("4", "false")
    few = client.get("/api/users/list?with_count=true&role=administrator")
    assert few["X-Total-Count"] == "1"
    assert "X-Total-Count-Exact" not in few


def test_the_admin_says_that_there_are_more(crowd, dora, client):
    client.force_login(dora)
    page = client.get("/admin/accounts/user/").content.decode()
    assert "4+ people" in page
    assert (
        "1 person" in client.get("/admin/accounts/user/?role__exact=administrator").content.decode()
    )


def test_no_action_takes_more_rows_than_were_counted(crowd, dora, client):
    client.force_login(dora)
    answer = client.post(
        "/admin/accounts/user/",
        {
            "action": "deactivate_people",
            "select_across": "1",
            "_selected_action": [dora.pk],
            "index": 0,
        },
        follow=True,
    )
    assert "narrow the list first" in answer.content.decode()
    assert not User.objects.filter(is_active=False).exists()


def test_lists_with_words_of_their_own_say_it_too(dora, client, issue):
    for _ in range(6):
        issue(dora)
    client.force_login(dora)
    assert "4+ " in client.get("/admin/tokens/tokenevent/").content.decode()
