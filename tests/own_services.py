"""Redis and PostgreSQL of a test's own, which it may stop, hang and start again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from tests.server import free_port

PATIENCE = 60.0


def needed(program: str) -> str:
    found = shutil.which(program)
    assert found, f"{program} is missing; .ci/run installs it."
    return found


@dataclass
class OwnRedis:
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [needed("redis-server"), "--port", str(self.port), *options],
            stdout=subprocess.DEVNULL,
        )
        with redis.Redis.from_url(self.url, retry=None) as client:
            _wait_until(lambda: client.ping(), redis.RedisError)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def hang(self) -> None:
        """Let it take connections and answer nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def own_redis() -> Iterator[OwnRedis]:
    server = OwnRedis(free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()


@dataclass
class OwnPostgreSQL:
    """A cluster in a folder of its own; initdb refuses to be root, so it belongs to postgres."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def database(self, name: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def make(self) -> None:
        if os.geteuid() == 0:
            # pytest's folders are its user's alone.
            shutil.chown(self.folder, "postgres")
        self._run(
            "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale", "C.UTF-8", "--no-sync",
        )  # fmt: skip

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", self.data, "-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", self.data, "-m", mode, "stop")

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(postgresql_program(program)), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        # It keeps whatever output it is given, so the server must get none of ours.
        with (self.folder / f"{program}.log").open("wb") as log:
            done = subprocess.run(command, cwd="/", stdout=log, stderr=log, check=False)
        said = (self.folder / f"{program}.log").read_text(encoding="utf-8", errors="replace")
        assert done.returncode == 0, f"{' '.join(command)}:\n{said}"


def postgresql_program(name: str) -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4])
    )
    assert found, f"PostgreSQL's {name} is missing; .ci/run installs it."
    return found[-1]


@contextlib.contextmanager
def own_postgresql() -> Iterator[OwnPostgreSQL]:
    # Not below pytest's folder, which other people cannot enter.
    folder = Path(f"/tmp/weiyu-postgresql-{os.getpid()}-{time.monotonic_ns()}")
    folder.mkdir(mode=0o700)
    server = OwnPostgreSQL(folder, free_port())
    try:
        server.make()
        server.start()
        yield server
    finally:
        with contextlib.suppress(AssertionError):
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_postgresql(url: str) -> None:
    _wait_until(lambda: psycopg.connect(url, connect_timeout=2).close(), psycopg.OperationalError)


def _wait_until(ask, *errors: type[Exception]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            ask()
        except errors:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
