"""Databases of an older release: kept as compressed files, and filled from them again."""

from __future__ import annotations

import contextlib
import lzma
import os
import secrets
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.own_services import postgresql_program

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).with_name("kept")


class Engine(Protocol):
    """One of the two kinds of databases, as a place to make new ones in."""

    name: str

    def filled(self, kept: bytes = b"") -> contextlib.AbstractContextManager[str]:
        """Lend the address of a new database: an empty one, or what was kept."""

    def dump(self, url: str) -> bytes:
        """Return everything in a database, to be kept."""


class SQLite:
    name = "sqlite"

    @contextlib.contextmanager
    def filled(self, kept: bytes = b"") -> Iterator[str]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "weiyu.sqlite3"
            if kept:
                path.write_bytes(kept)
            yield f"sqlite:///{path}"

    def dump(self, url: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.sqlite3"
            with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
                database.execute("VACUUM INTO ?", [str(copy)])
            return copy.read_bytes()


class PostgreSQL:
    name = "postgresql"

    def __init__(self, server: str) -> None:
        self.server = server

    @contextlib.contextmanager
    def filled(self, kept: bytes = b"") -> Iterator[str]:
        name = f"weiyu_upgrade_{secrets.token_hex(6)}"
        url = urlsplit(self.server)._replace(path=f"/{name}").geturl()
        self._ask("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", name)
        try:
            if kept:
                with psycopg.connect(url) as connection:
                    connection.execute(kept)
            yield url
        finally:
            self._ask("DROP DATABASE {} WITH (FORCE)", name)

    def dump(self, url: str) -> bytes:
        # As statements, which any client can send; lines for psql alone are left out.
        plain = ["--no-owner", "--no-privileges", "--rows-per-insert=100"]
        done = subprocess.run(
            [postgresql_program("pg_dump"), *plain, url], capture_output=True, check=True
        )
        for_psql = (b"\\restrict", b"\\unrestrict")
        lines = done.stdout.splitlines(keepends=True)
        return b"".join(line for line in lines if not line.startswith(for_psql))

    def _ask(self, command: str, name: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL(command).format(sql.Identifier(name)))


def of_environment() -> Engine:
    """Return the engine that the tests run on."""
    address = os.environ.get("WEIYU_DATABASE_URL", "")
    return PostgreSQL(address) if address.startswith("postgres") else SQLite()


def releases() -> list[str]:
    return sorted(folder.name for folder in KEPT.iterdir())


def folder_of(release: str) -> Path:
    return KEPT / release


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))


def read(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes())
