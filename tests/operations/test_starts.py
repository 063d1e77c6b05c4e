"""`make run` makes a token at each start, and keeps those of starts that still run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import User
from tests import people
from tokens.models import AccessToken
from weiyu_site.demo.people import SOURCE
from weiyu_site.launch import keys, start


@pytest.fixture
def administrator(db, tmp_path, monkeypatch) -> Iterator[User]:
    """The demo administrator of a data folder in which nothing was started yet."""
    monkeypatch.setattr(keys, "data_dir", lambda: tmp_path)
    monkeypatch.setattr(start, "_held", held := [])
    yield User.objects.create_user(
        people.ADMINISTRATOR, role=User.Role.ADMINISTRATOR, external_source=SOURCE, external_id="1"
    )
    for file in held:
        file.close()


def named() -> list[int]:
    return list(
        AccessToken.objects.filter(name="make run").order_by("id").values_list("id", flat=True)
    )


def test_a_start_removes_the_token_of_one_that_is_over(administrator, issue):
    by_hand, _ = issue(administrator, name="by hand")
    start.issue_token()
    first = named()
    start._held.pop().close()  # as the end of the process does

    secret = start.issue_token()

    assert len(named()) == 1
    assert named() != first
    assert secret
    assert AccessToken.objects.filter(pk=by_hand.pk).exists()


def test_a_start_leaves_the_token_of_one_that_still_runs(administrator):
    start.issue_token()
    first = named()
    start.issue_token()
    assert named()[:1] == first
    assert len(named()) == 2
    start._held.pop().close()

    start.issue_token()

    assert named()[:1] == first
    assert len(named()) == 2
