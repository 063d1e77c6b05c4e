"""Start the real server as a process, for tests that come from outside.

`weiyu` is one server for the whole session, `serving()` starts another with its own environment.
Each has the cast of tests/people.py in a database of its own.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests import people

ROOT = Path(__file__).resolve().parent.parent
START_PATIENCE = 60.0


# Below those that the system gives to connections, one of which might take it before the server.
PORTS = range(15_000, 32_000)


def free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


@dataclass
class Process:
    """A server on a port of its own, whose output goes to a file."""

    command: Sequence[str]
    env: Mapping[str, str]
    log_path: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and return when it answers."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=dict(self.env), cwd=ROOT, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"The server did not start:\n{self.log()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as an operator would; a second process that hangs is killed."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False


@dataclass
class Weiyu(Process):
    """The whole site, with its data in a directory of its own."""

    data_dir: Path = field(default_factory=Path)

    def manage(self, *arguments: str) -> str:
        """Run a management command on its data and return what it prints."""
        return _manage(self.env, *arguments)

    def issue(self, username: str, **options: str | Sequence[str]) -> str:
        """Return a new AccessToken of that person: `issue("dora@…", scope=["tickets:read"])`."""
        arguments = [f"--user={username}", f"--name={options.pop('name', 'test')}"]
        for option, values in options.items():
            for value in [values] if isinstance(values, str) else values:
                arguments.append(f"--{option}={value}")
        return self.manage("issue_access_token", *arguments).strip()


@dataclass(frozen=True)
class Prepared:
    """What every server begins with: a migrated database with the cast, and the hashed assets."""

    database_url: str
    static: Path


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    directory = tmp_path_factory.mktemp("prepared")
    with _database(directory) as url:
        env = {**_environment(directory), "WEIYU_DATABASE_URL": url}
        _manage(env, "shell", "--no-imports", "-c", PREPARE)
        yield Prepared(url, directory / "static")


# One process for all of it, because most of a command's time is its start.
PREPARE = f"""
from accounts.models import User
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
for username, role in {people.PEOPLE!r}.items():
    User.objects.create_user(username, {people.PASSWORD!r}, role=role)
"""


@pytest.fixture(scope="session")
def serving(prepared: Prepared) -> Callable[..., contextlib.AbstractContextManager[Weiyu]]:
    """Return a context manager: `with serving(directory, env, workers=2) as running:`."""

    @contextlib.contextmanager
    def running(
        directory: Path, env: Mapping[str, str] | None = None, *, workers: int = 1
    ) -> Iterator[Weiyu]:
        (directory / "static").symlink_to(prepared.static)
        with _database(directory, like=prepared.database_url) as url:
            env = {**_environment(directory), "WEIYU_DATABASE_URL": url, **(env or {})}
            weiyu = _weiyu(directory, env, workers)
            try:
                weiyu.start()
                yield weiyu
            finally:
                weiyu.stop()

    return running


@pytest.fixture(scope="session")
def weiyu(
    serving: Callable[..., contextlib.AbstractContextManager[Weiyu]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Weiyu]:
    """The site on a port of its own: `weiyu.url`, `weiyu.manage(…)`, `weiyu.issue(…)`."""
    with serving(tmp_path_factory.mktemp("weiyu")) as running:
        yield running


def _weiyu(directory: Path, env: Mapping[str, str], workers: int) -> Weiyu:
    port = free_port()
    options = ["--port", str(port), "--workers", str(workers), "--workers-without-redis"]
    return Weiyu(
        command=[sys.executable, "-m", "weiyu_site.serve", *options],
        env=env,
        log_path=directory / "server.log",
        port=port,
        data_dir=directory,
    )


def _manage(env: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=dict(env), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def _environment(directory: Path) -> dict[str, str]:
    """Return an environment that shares nothing with the one the tests run in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEIYU_")}
    for name in ("WEIYU_REDIS_URL",):
        if name in os.environ:
            kept[name] = os.environ[name]
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "weiyu_site.settings",
        "PYTHONUNBUFFERED": "1",
        "WEIYU_SECRET_KEY": secrets.token_urlsafe(50),
        "WEIYU_TOKEN_KEYS": f"t1:{base64.b64encode(secrets.token_bytes(48)).decode()}",
        "WEIYU_ALLOWED_HOSTS": "localhost,127.0.0.1,.weiyu.test",
        "WEIYU_DATA_DIR": str(directory),
    }


@contextlib.contextmanager
def _database(directory: Path, *, like: str = "") -> Iterator[str]:
    """Yield the URL of a new database where the tests' own is, empty or a copy of another."""
    url = os.environ.get("WEIYU_DATABASE_URL", "")
    if not url.startswith("postgres"):
        path = directory / "weiyu.sqlite3"
        if like:
            shutil.copy(like.removeprefix("sqlite:///"), path)
        yield f"sqlite:///{path}"
        return
    name = f"weiyu_test_{secrets.token_hex(6)}"
    template = urlsplit(like).path.removeprefix("/") or "template1"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
