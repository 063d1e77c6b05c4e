"""Start the real server as a process, for tests that come from outside.

`weiyu` is one server for the whole session, `serving()` starts another with its own environment.
Each has the cast of tests/people.py in a database of its own.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
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
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests import people
from tests.commands import Commands

ROOT = Path(__file__).resolve().parent.parent
START_PATIENCE = 180.0


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
    commands: Commands | None = None

    def stop(self) -> None:
        """End it, and let the commands read their environment anew as well."""
        super().stop()
        if self.commands:
            self.commands.close()
            self.commands = None

    def manage(self, *arguments: str) -> str:
        """Run a management command on its data and return what it prints."""
        if self.commands is None:
            self.commands = Commands(self.env)
        return self.commands.run(*arguments)

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
    """Made by the first worker that needs it, and dropped by the last one that used it."""
    directory = shared_folder(tmp_path_factory) / "prepared"
    with _users(directory) as users:
        if not users:
            directory.mkdir()
            (directory / "url").write_text(_prepare(directory))
        users.append(os.getpid())
        url = (directory / "url").read_text()
    yield Prepared(url, directory / "static")
    with _users(directory) as users:
        users.remove(os.getpid())
        if not users:
            _drop_database(url)
            shutil.rmtree(directory)


def _prepare(directory: Path) -> str:
    """Fill a new database and the folder of assets, and return the database's URL."""
    url = _create_database(directory)
    env = {**_environment(directory), "WEIYU_DATABASE_URL": url}
    try:
        with contextlib.closing(Commands(env)) as commands:
            commands.run("shell", "--no-imports", "-c", PREPARE)
    except RuntimeError:
        _drop_database(url)
        shutil.rmtree(directory)
        raise
    return url


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the one folder of all workers of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextlib.contextmanager
def _users(directory: Path) -> Iterator[list[int]]:
    """Keep the other workers out, and yield the processes that use the directory, to be changed."""
    kept = directory.with_suffix(".users")
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        users = json.loads(kept.read_text()) if kept.exists() else []
        yield users
        kept.write_text(json.dumps(users))


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
    """Yield the URL of a new database, empty or a copy of another."""
    url = _create_database(directory, like=like)
    try:
        yield url
    finally:
        _drop_database(url)


def _create_database(directory: Path, *, like: str = "") -> str:
    """Make a database where the tests' own is, and return its URL."""
    if not _is_on_postgresql():
        path = directory / "weiyu.sqlite3"
        if like:
            shutil.copy(like.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"
    name = f"weiyu_test_{secrets.token_hex(6)}"
    template = urlsplit(like).path.removeprefix("/") or "template1"
    _ask_postgresql("CREATE DATABASE {} TEMPLATE {}", name, template)
    return urlsplit(os.environ["WEIYU_DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _drop_database(url: str) -> None:
    # One of SQLite goes with its folder.
    if _is_on_postgresql():
        name = urlsplit(url).path.removeprefix("/")
        _ask_postgresql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _is_on_postgresql() -> bool:
    return os.environ.get("WEIYU_DATABASE_URL", "").startswith("postgres")


def _ask_postgresql(command: LiteralString, *names: str) -> None:
    with psycopg.connect(os.environ["WEIYU_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL(command).format(*map(sql.Identifier, names)))
