"""Start Weiyu and its rivals over one database."""

from __future__ import annotations

import base64
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
POSTGRESQL = os.environ.get("WEIYU_TEST_POSTGRESQL", "postgres://postgres@127.0.0.1:5432/postgres")


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """Return the processor time that the workers have used so far (Linux)."""
        pids = [self.process.pid, *_children(self.process.pid)]
        return sum(_ticks(pid) for pid in pids) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """Return the most that any worker has had in memory so far (Linux)."""
        return max(_peak(pid) for pid in [self.process.pid, *_children(self.process.pid)])


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def _ticks(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0
    # The name before the bracket may hold anything.
    after = stat.read_text().rpartition(")")[2].split()
    return int(after[11]) + int(after[12])


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def environment(folder: Path, database_url: str, redis_url: str = "") -> dict[str, str]:
    """Return settings that nobody else's deployment has a part in; checks and limits stay on."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEIYU_")}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "weiyu_site.settings",
        "BENCHMARK_ANSWERS": str(folder / "answers"),
        "WEIYU_SECRET_KEY": secrets.token_urlsafe(50),
        "WEIYU_TOKEN_KEYS": "b:" + base64.b64encode(secrets.token_bytes(48)).decode(),
        "WEIYU_DATA_DIR": str(folder),
        "WEIYU_DATABASE_URL": database_url,
        "WEIYU_REDIS_URL": redis_url,
        # One line a call on a terminal would be measured too.
        "WEIYU_LOG_LEVEL": "WARNING",
    }


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Lend the address of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'weiyu.sqlite3'}"
        return
    name = f"weiyu_bench_{os.getpid()}"
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlsplit(POSTGRESQL)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def why_no_postgresql() -> str | None:
    try:
        psycopg.connect(POSTGRESQL, connect_timeout=5).close()
    except psycopg.Error as error:
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    return None


def run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


# gunicorn's workers are of the stock kind, which is sync.
UVICORN = ["benchmarks.serve", "--workers={workers}", "--port={port}"]
GUNICORN = ["gunicorn", "--workers={workers}", "--bind=127.0.0.1:{port}",
            "--log-level=warning", "--no-control-socket"]  # fmt: skip


@contextmanager
def serving(
    program: list[str], application: str, environment: dict[str, str], workers: int, *, known: str
) -> Iterator[Server]:
    """Yield a server that answers the address `known`."""
    port = free_port()
    words = [word.format(port=port, workers=workers) for word in program]
    words = [sys.executable, "-m", *words, f"{application}:application"]
    process = subprocess.Popen(words, cwd=ROOT, env=environment)
    try:
        wait_until_it_answers(process, f"http://127.0.0.1:{port}{known}")
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_it_answers(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The server did not start; what it said stands above.")
