"""Fill a database as years of work would: `python -m benchmarks.fill --database sqlite`.

By default 1,000,000 tickets with 5,000,000 messages and as many lines of history. It is made once
and kept, in `data/scale` or in the PostgreSQL database `weiyu_scale_<tickets>`; `--again` makes it
anew. The same numbers make the same rows, but for the day on which they end: today.
"""

from __future__ import annotations

import argparse
import json
import time
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from benchmarks import servers

KEPT = servers.ROOT / "data" / "scale"


def address(kind: str, tickets: int) -> str:
    """Return where the filled database of a kind is, or will be."""
    if kind == "sqlite":
        return f"sqlite:///{KEPT / str(tickets) / 'weiyu.sqlite3'}"
    return urlsplit(servers.POSTGRESQL)._replace(path=f"/{_name(tickets)}").geturl()


def _name(tickets: int) -> str:
    return f"weiyu_scale_{tickets}"


def filled(kind: str, tickets: int, *, again: bool = False) -> str:
    """Return the address of a filled database; make it where it is not there."""
    folder = KEPT / str(tickets)
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / f"{kind}.json"
    if done.exists() and not again:
        return address(kind, tickets)
    done.unlink(missing_ok=True)
    began = time.monotonic()
    _empty(kind, tickets)
    environment = servers.environment(folder, address(kind, tickets))
    servers.run(environment, "manage.py", "migrate", "--verbosity", "0")
    servers.run(environment, "-m", "benchmarks.fill", "--rows", str(tickets))
    done.write_text(json.dumps({"tickets": tickets, "seconds": round(time.monotonic() - began)}))
    return address(kind, tickets)


def _empty(kind: str, tickets: int) -> None:
    if kind == "sqlite":
        for old in (KEPT / str(tickets)).glob("weiyu.sqlite3*"):
            old.unlink()
        return
    name = sql.Identifier(_name(tickets))
    with psycopg.connect(servers.POSTGRESQL, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fill", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--again", action="store_true", help="throw away what is there")
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rows:
        from benchmarks.rows import write

        write(given.rows)
        return
    for kind in given.database or ["sqlite", "postgresql"]:
        if kind == "postgresql" and (reason := servers.why_no_postgresql()):
            print(f"postgresql: left out, for none answers: {reason}")
            continue
        print(f"{kind}: {filled(kind, given.tickets, again=given.again)}", flush=True)


if __name__ == "__main__":
    main()
