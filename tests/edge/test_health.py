"""What `/readyz` finds out by writing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from weiyu_site.edge import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch, settings, tmp_path):
    for name in ("_database_takes_writes", "_folder_takes_writes"):
        question = getattr(health, name)
        monkeypatch.setattr(health, name, health.NowAndThen(question._ask))
    settings.DATA_DIR = tmp_path


def checks() -> tuple[int, dict[str, str]]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()["checks"]


def test_it_writes_and_leaves_nothing_behind(tmp_path):
    status, found = checks()

    assert (status, found["data_folder"], found["database"]) == (200, "ok", "ok")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_nothing_is_not_ready(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "gone"

    status, found = checks()

    assert (status, found["data_folder"]) == (503, "failed")


def test_a_full_folder_is_not_ready(settings):
    # Every write to it fails as on a full disk.
    settings.DATA_DIR = "/dev/full"

    assert checks()[1]["data_folder"] == "failed"


def test_it_writes_once_in_a_while(settings, tmp_path):
    assert checks()[0] == 200
    settings.DATA_DIR = tmp_path / "gone"

    assert checks()[0] == 200


def test_what_has_failed_is_tried_again_at_once(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "gone"
    assert checks()[0] == 503
    settings.DATA_DIR = tmp_path

    assert checks()[0] == 200


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_writes_is_not_ready():
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(
            "PRAGMA query_only = ON" if is_sqlite else "SET default_transaction_read_only = on"
        )
        try:
            status, found = checks()
        finally:
            cursor.execute(
                "PRAGMA query_only = OFF"
                if is_sqlite
                else "SET default_transaction_read_only = off"
            )

    assert (status, found["database"], found["migrations"]) == (503, "failed", "ok")


@pytest.mark.once
def test_the_patience_of_other_writers_stays():
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite lets writers queue for one lock")
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA busy_timeout").fetchone()
        checks()
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == before
