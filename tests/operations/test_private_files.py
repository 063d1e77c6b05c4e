"""What Weiyu stores is for its own user alone, whatever the folder around it allows."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from weiyu_site.private_files import make_private

ROOT = Path(__file__).resolve().parents[2]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def sqlite(path: Path) -> dict[str, str]:
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}


@pytest.fixture(autouse=True)
def _open_to_all(tmp_path):
    """Begin as on most machines: folders and files that everybody may read."""
    before = os.umask(0o022)
    tmp_path.chmod(0o755)
    yield
    os.umask(before)


def test_a_database_that_a_command_makes_is_for_its_own_user(tmp_path):
    env = {key: value for key, value in os.environ.items() if not key.startswith("WEIYU_")}
    env |= {
        "WEIYU_SECRET_KEY": "x" * 60,
        "WEIYU_TOKEN_KEYS": "a:" + "QUJD" * 16,
        "WEIYU_DATA_DIR": str(tmp_path),
    }
    code = (
        "import django; django.setup()\n"
        "from django.db import connection\n"
        "connection.cursor().execute('create table t (x)')\n"
        'import os; print(*(f\'{n}:{os.stat(os.path.join(os.environ["WEIYU_DATA_DIR"], n))'
        ".st_mode & 0o777:o}' for n in sorted(os.listdir(os.environ['WEIYU_DATA_DIR']))))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env | {"DJANGO_SETTINGS_MODULE": "weiyu_site.settings"},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.split() == [
        "weiyu.sqlite3:600",
        "weiyu.sqlite3-shm:600",
        "weiyu.sqlite3-wal:600",
    ]


def test_what_stood_open_is_closed_and_its_owner_keeps_what_they_had(tmp_path):
    database, uploads = tmp_path / "weiyu.sqlite3", tmp_path / "uploads"
    uploads.mkdir()
    opened = sqlite3.connect(database)
    opened.execute("pragma journal_mode=wal")
    opened.execute("create table t (x)")
    files = [database, *(tmp_path / f"weiyu.sqlite3-{end}" for end in ("wal", "shm"))]
    assert [mode(path) for path in (*files, uploads)] == [0o644, 0o644, 0o644, 0o755]

    make_private(sqlite(database), uploads)

    assert [mode(path) for path in (*files, uploads)] == [0o600, 0o600, 0o600, 0o700]
    opened.execute("insert into t values (1)")
    opened.close()


def test_nothing_there_is_nothing_to_close(tmp_path):
    make_private(sqlite(tmp_path / "none.sqlite3"), tmp_path / "none")
    make_private({"ENGINE": "django.db.backends.postgresql", "NAME": "weiyu"}, tmp_path / "none")

    (tmp_path / "made").touch()
    assert mode(tmp_path / "made") == 0o600


def test_uploads_are_for_the_server_alone(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "uploads"

    name = storages["default"].save("avatars/me.webp", ContentFile(b"x"))

    stored = settings.MEDIA_ROOT / name
    assert (mode(stored), mode(stored.parent), mode(settings.MEDIA_ROOT)) == (0o600, 0o700, 0o700)
