"""A backup of SQLite, taken while it is written to, is put back as docs/operating.md says."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import requests
from django.db import connection

from tests import people
from tests.own_services import needed

pytestmark = [pytest.mark.server, pytest.mark.once]


def test_a_restored_file_has_everything_and_its_tokens_work(serving, tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("is about SQLite (no WEIYU_DATABASE_URL)")
    before, after, copy = tmp_path / "before", tmp_path / "after", tmp_path / "copy.sqlite3"
    before.mkdir()
    after.mkdir()
    with serving(before) as desk:
        secret = desk.issue(people.ADMINISTRATOR)
        bearer = {"Authorization": f"Bearer {secret}"}
        kept = requests.post(
            f"{desk.url}/api/tickets/create",
            json={"title": "Before the fire", "content": "x"},
            headers=bearer,
            timeout=30,
        ).json()

        # What is written is still in the other file, which a plain copy would miss.
        assert (before / "weiyu.sqlite3-wal").stat().st_size > 0
        subprocess.run(
            [needed("sqlite3"), str(before / "weiyu.sqlite3"), f".backup {copy}"], check=True
        )
        secrets = {name: desk.env[name] for name in ("WEIYU_SECRET_KEY", "WEIYU_TOKEN_KEYS")}

    restored = after / "restored.sqlite3"
    shutil.copy(copy, restored)
    address = {"WEIYU_DATABASE_URL": f"sqlite:///{restored}"}
    with serving(after, {**secrets, **address}) as desk:
        found = requests.get(f"{desk.url}/api/tickets/{kept['id']}", headers=bearer, timeout=30)
        ready = requests.get(f"{desk.url}/readyz", timeout=30)

    assert (found.status_code, found.json()["title"]) == (200, "Before the fire")
    assert ready.status_code == 200
