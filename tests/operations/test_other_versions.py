"""A data folder of another version: every way of starting says so in one sentence."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.server import ROOT, free_port
from weiyu_site.launch import keys

pytestmark = [pytest.mark.server, pytest.mark.once]

WAYS_OF_STARTING = {
    "migrate": ["manage.py", "migrate"],
    "make run": ["-m", "weiyu_site.launch.start"],
    "serve": ["-m", "weiyu_site.serve", "--port", "{port}"],
    "serve with workers": [
        "-m",
        "weiyu_site.serve",
        "--port",
        "{port}",
        "--workers",
        "2",
        "--workers-without-redis",
    ],
    "uvicorn": ["-m", "uvicorn", "weiyu_site.asgi:application", "--port", "{port}"],
    "wsgi": ["-c", "import weiyu_site.wsgi"],
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """The environment of a site whose database has seen a migration that we do not have."""
    data = tmp_path_factory.mktemp("data")
    database = sqlite3.connect(data / "weiyu.sqlite3")
    database.execute(
        "CREATE TABLE django_migrations "
        "(id INTEGER PRIMARY KEY, app VARCHAR(255), name VARCHAR(255), applied DATETIME)"
    )
    database.execute(
        "INSERT INTO django_migrations VALUES (1, 'tokens', '0019_judged_codes', '2026-11-01')"
    )
    database.commit()
    database.close()
    names = {name: value for name, value in os.environ.items() if not name.startswith("WEIYU_")}
    secrets = {name: make() for name, make in keys.MAKERS.items()}
    return {**names, **secrets, "WEIYU_DATA_DIR": str(data), "PORT": str(free_port())}


def start(way: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = [word.format(port=free_port()) for word in WAYS_OF_STARTING[way]]
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("way", WAYS_OF_STARTING)
def test_a_database_of_another_version_is_left_alone(environment, way):
    run = start(way, environment)

    assert run.returncode == 1
    assert "made by another version of Weiyu (it has tokens.0019_judged_codes" in run.stderr
    assert "Traceback" not in run.stderr
    assert tables_in(environment["WEIYU_DATA_DIR"]) == {"django_migrations"}


@pytest.mark.parametrize("way", ["serve", "serve with workers", "uvicorn", "wsgi"])
def test_a_database_without_tables_is_told_before_anybody_asks(environment, tmp_path, way):
    run = start(way, {**environment, "WEIYU_DATA_DIR": str(tmp_path)})

    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert "0001_initial is missing). Run `python manage.py migrate` first." in run.stderr


def tables_in(data_dir: str) -> set[str]:
    with closing(sqlite3.connect(Path(data_dir) / "weiyu.sqlite3")) as database:
        rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in rows}
