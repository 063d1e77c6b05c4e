"""Say where PostgreSQL and Redis answer: `python .ci/services.py`.

Prints one `NAME=address` line for each, and on standard error the reason for each that is
missing. `WEIYU_TEST_POSTGRESQL` and `WEIYU_TEST_REDIS` name other addresses than the usual ones.
"""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

POSTGRESQL = os.environ.get("WEIYU_TEST_POSTGRESQL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("WEIYU_TEST_REDIS", "redis://127.0.0.1:6379/0")


class Missing(Exception):
    """A service does not answer, for the reason in the message."""


def postgresql() -> str:
    """Return the address of a PostgreSQL in which databases may be made."""
    try:
        with psycopg.connect(POSTGRESQL, connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        raise Missing(f"PostgreSQL does not answer at {POSTGRESQL}: {first_line(error)}") from error
    if not row or not row[0]:
        raise Missing(f"PostgreSQL at {POSTGRESQL} does not let this user make databases.")
    return POSTGRESQL


def redis_server() -> str:
    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except redis.RedisError as error:
        raise Missing(f"Redis does not answer at {REDIS}: {first_line(error)}") from error
    return REDIS


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def with_database(address: str, name: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


def make_database(address: str, name: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
        )


def drop_databases(address: str, name: str) -> None:
    """Drop the database `name` and those that the tests named after it, with all who use them."""
    with psycopg.connect(address, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR starts_with(datname, %s)",
            [name, f"test_{name}"],
        ).fetchall()
        for (row,) in rows:
            connection.execute(
                psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                    psycopg.sql.Identifier(row)
                )
            )


def main() -> int:
    complete = True
    for variable, find in {
        "WEIYU_TEST_POSTGRESQL": postgresql,
        "WEIYU_TEST_REDIS": redis_server,
    }.items():
        try:
            print(f"{variable}={find()}")
        except Missing as reason:
            print(reason, file=sys.stderr)
            complete = False
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
