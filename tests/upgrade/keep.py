"""Keep the database of a release for tests of upgrades: `python -m tests.upgrade.keep 0.1.0`.

Run in a checkout of that release. Writes tests/upgrade/kept/0.1.0: for SQLite and for PostgreSQL
the database, filled by fill.py, and beside it what look.py sees there. PostgreSQL is that of
WEIYU_TEST_POSTGRESQL; its pg_dump is called. Fails if the files are larger than they may be.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

from tests.upgrade import databases
from tests.upgrade.databases import Engine, PostgreSQL, SQLite
from tests.upgrade.then import environment

SERVER = "postgres://postgres@127.0.0.1:5432/postgres"
# Bytes of all files of a release together, which every clone carries from then on.
LARGEST = 1_000_000
START = "import django; django.setup(); from tests.upgrade import {module}; {module}.main()"


def keep(release: str) -> None:
    folder = databases.folder_of(release)
    shutil.rmtree(folder, ignore_errors=True)
    server = os.environ.get("WEIYU_TEST_POSTGRESQL", SERVER)
    for engine in (SQLite(), PostgreSQL(server)):
        keep_on(engine, release)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {size:,} bytes")
    if size > LARGEST:
        sys.exit(f"That is more than {LARGEST:,} bytes.")


def keep_on(engine: Engine, release: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with engine.filled() as url:
        known = {"moment": now.isoformat(), **run("fill", url, now)}
        dump = engine.dump(url)
    # Of the file, and not of the database that it was made from.
    with engine.filled(dump) as url:
        seen = run("look", url, now, known)
    refuse_what_saw_little(seen)
    folder = databases.folder_of(release)
    databases.write(folder / f"{engine.name}.xz", dump)
    text = json.dumps({"known": known, "seen": seen}, ensure_ascii=False, sort_keys=True)
    databases.write(folder / f"{engine.name}-seen.json.xz", text.encode())


def run(module: str, url: str, moment: datetime, known: dict[str, Any] | None = None) -> Any:
    """Run `fill` or `look` on a database and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", START.format(module=module)],
        cwd=databases.ROOT, env=environment(url, moment),
        input=json.dumps(known), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def refuse_what_saw_little(seen: dict[str, Any]) -> None:
    """A look that met refusals alone would find them again whatever became of the rows."""
    good = [what for what, (status, _found) in seen["seen"].items() if status == 200]
    assert len(good) > len(seen["seen"]) / 2, seen["seen"].keys() - set(good)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade.keep", description=__doc__)
    parser.add_argument("release", help="its number, such as 0.1.0")
    release = parser.parse_args().release
    if not re.fullmatch(r"\d+\.\d+\.\d+", release):
        parser.error("a release is three numbers, such as 0.1.0")
    keep(release)


if __name__ == "__main__":
    main()
