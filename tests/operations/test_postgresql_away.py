"""A backup is restored on another PostgreSQL, which then stops, restarts and comes back."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator

import psycopg
import pytest
import requests

from tests import people
from tests.own_services import OwnPostgreSQL, own_postgresql, postgresql_program
from tests.server import Weiyu

pytestmark = [pytest.mark.server, pytest.mark.postgresql]

SIGN_OF_LIFE = 20
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def before(serving, tmp_path_factory) -> Iterator[tuple[Weiyu, str, int]]:
    """A desk that had a ticket, and the token that made it; both end with the machine."""
    with serving(tmp_path_factory.mktemp("before")) as desk:
        secret = desk.issue(people.ADMINISTRATOR)
        yield desk, secret, create(desk, secret, "Before the fire").json()["id"]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[OwnPostgreSQL]:
    with own_postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def desk(before, serving, postgresql, tmp_path_factory) -> Iterator[Weiyu]:
    """The desk after the restore that docs/operating.md describes."""
    old, _secret, _ticket = before
    folder = tmp_path_factory.mktemp("restored")
    dump = folder / "weiyu.dump"
    run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={old.env['WEIYU_DATABASE_URL']}")
    (old.data_dir / "uploads").mkdir(exist_ok=True)
    shutil.copytree(old.data_dir / "uploads", folder / "uploads")

    run("createdb", f"--maintenance-db={postgresql.url}", "weiyu")
    restored = postgresql.database("weiyu")
    run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={restored}", str(dump))

    secrets = {name: old.env[name] for name in ("WEIYU_SECRET_KEY", "WEIYU_TOKEN_KEYS")}
    with serving(folder, {**secrets, "WEIYU_DATABASE_URL": restored}) as desk:
        yield desk


def run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(postgresql_program(program)), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def create(desk: Weiyu, secret: str, title: str) -> requests.Response:
    return requests.post(
        f"{desk.url}/api/tickets/create",
        json={"title": title, "content": "x"},
        headers={"Authorization": f"Bearer {secret}"},
        timeout=SIGN_OF_LIFE,
    )


def get(desk: Weiyu, path: str, **headers: str) -> requests.Response:
    return requests.get(
        desk.url + path, headers=headers, timeout=SIGN_OF_LIFE, allow_redirects=False
    )


def titles(postgresql: OwnPostgreSQL) -> set[str]:
    with psycopg.connect(postgresql.database("weiyu")) as connection:
        return {row[0] for row in connection.execute("SELECT title FROM tickets_ticket")}


def test_a_restored_backup_has_everything_and_its_tokens_work(before, desk):
    _old, secret, ticket = before

    found = get(desk, f"/api/tickets/{ticket}", Authorization=f"Bearer {secret}")

    assert (found.status_code, found.json()["title"]) == (200, "Before the fire")
    assert get(desk, "/readyz").status_code == 200
    # The histories are guarded in the new place too.
    assert "guard" in desk.manage(
        "shell", "--no-imports", "-c",
        "from django.db import connection; cursor = connection.cursor();"
        "cursor.execute('SELECT tgname FROM pg_trigger WHERE NOT tgisinternal');"
        "print('guard' if cursor.fetchall() else '')",
    )  # fmt: skip


def test_a_restart_of_the_database_is_noticed_by_nobody(before, desk, postgresql):
    _old, secret, _ticket = before
    # More than there are threads, so that each has a connection.
    for _ in range(8):
        assert create(desk, secret, "Before the restart").status_code == 200

    postgresql.restart()

    statuses = [create(desk, secret, "After the restart").status_code for _ in range(12)]
    assert statuses == [200] * 12


def test_while_it_is_away_everybody_is_told_and_what_was_acknowledged_stays(
    before, desk, postgresql
):
    _old, secret, ticket = before
    bearer = {"Authorization": f"Bearer {secret}"}
    browser = requests.Session()
    link = f"{desk.url}/agent/auth/login?accessToken={secret}"
    assert browser.get(link, timeout=SIGN_OF_LIFE).status_code == 200
    acknowledged = {f"Kept {number}" for number in range(5)}
    for title in acknowledged:
        assert create(desk, secret, title).status_code == 200
    logged = len(desk.log())

    postgresql.stop("immediate")
    answers = {
        "list": get(desk, "/api/tickets/list", **bearer, Origin="https://crm.example.com"),
        "ticket": get(desk, f"/api/tickets/{ticket}", **bearer),
        "create": create(desk, secret, "Never"),
        "login as JSON": get(desk, f"/agent/auth/login?accessToken={secret}", **JSON),
    }
    pages = {
        "login by link": get(desk, f"/admin/auth/login?accessToken={secret}"),
        "workstation": browser.get(f"{desk.url}/agent/", timeout=SIGN_OF_LIFE),
        "admin": browser.get(f"{desk.url}/admin/", timeout=SIGN_OF_LIFE),
        "sign in": sign_in(desk),
    }
    ready, alive = get(desk, "/readyz"), get(desk, "/healthz")

    for name, answer in {**answers, **pages}.items():
        assert answer.status_code == 503, name
        assert answer.headers["Retry-After"] == "5", name
    for name, answer in answers.items():
        assert answer.headers["Content-Type"] == "application/problem+json", name
        assert answer.json()["code"] == "unavailable", name
    for name, answer in pages.items():
        assert "Out of order for a moment" in answer.text, name
    assert answers["list"].headers["Access-Control-Allow-Origin"] == "*"
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "failed")
    assert alive.status_code == 200
    told = desk.log()[logged:]
    assert "Traceback" not in told
    assert len(re.findall(r"Service Unavailable: \S+ \| OperationalError: ", told)) == 8
    assert secret not in told

    postgresql.start()
    wait_until_ready(desk)
    assert get(desk, "/api/tickets/list", **bearer).status_code == 200
    assert browser.get(f"{desk.url}/agent/", timeout=SIGN_OF_LIFE).status_code == 200
    assert acknowledged <= titles(postgresql)
    assert "Never" not in titles(postgresql)


def sign_in(desk: Weiyu) -> requests.Response:
    """Sign in by password; the form itself asks nothing of the database."""
    browser = requests.Session()
    page = browser.get(f"{desk.url}/agent/login", timeout=SIGN_OF_LIFE)
    if page.status_code != 200:
        return page
    form, origin = {"username": people.AGENT, "password": "x"}, {"Origin": desk.url}
    return browser.post(f"{desk.url}/agent/login", form, headers=origin, timeout=SIGN_OF_LIFE)


def wait_until_ready(desk: Weiyu) -> None:
    deadline = time.monotonic() + 60
    while get(desk, "/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
