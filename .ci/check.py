"""Run the parts of `make check` side by side, or with `tests` what `make test` can run here.

Each part is a target of the Makefile. Its output goes to a file and is printed in one piece when
the part ends, so that parts which run at once stay readable; what failed is named at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import services

ROOT = Path(__file__).resolve().parent.parent
# The parts of a lane run one after the other.
STATIC = ("lint", "layers", "migrations", "schema", "deploy", "types")
MAKE_OWN = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"}
# Images of containers often set it. Here, each worker would compile all tests anew, and each
# process the program.
KEEPS_NOTHING_COMPILED = {"PYTHONDONTWRITEBYTECODE"}
WORKERS = os.environ.get("WEIYU_TEST_WORKERS", "2")


@dataclass
class Part:
    """One target of the Makefile and what came of it."""

    target: str
    environment: dict[str, str] = field(default_factory=dict)
    status: int = -1
    seconds: float = 0.0

    def run(self, log: Path) -> None:
        began = time.monotonic()
        with log.open("w", encoding="utf-8") as output:
            self.status = self.process(output).wait()
        self.seconds = time.monotonic() - began

    def process(self, output: object = None) -> subprocess.Popen[bytes]:
        # The flags of an outer make are about its own jobs.
        left_out = MAKE_OWN | KEEPS_NOTHING_COMPILED
        inherited = {name: value for name, value in os.environ.items() if name not in left_out}
        return subprocess.Popen(
            ["make", "--no-print-directory", self.target],
            cwd=ROOT,
            env={**inherited, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,  # type: ignore[call-overload]
            stderr=subprocess.STDOUT if output else None,
        )

    def line(self) -> str:
        return (
            f"{'ok' if self.status == 0 else 'FAILED':<7} {self.target:<18} {self.seconds:5.0f} s"
        )


def say(text: str) -> None:
    print(text, flush=True)


def tests(target: str, pytest_args: str = "", **environment: str) -> Part:
    # A file stays with one worker, which starts its browser and its server once, and the order of
    # tests/conftest.py stays as it is.
    spread = f"-n {WORKERS} --dist loadfile --no-loadscope-reorder"
    arguments = f"{spread} --durations=25 {pytest_args}".strip()
    return Part(target, {"PYTEST_ARGS": arguments, **environment})


@contextmanager
def database() -> Iterator[dict[str, str]]:
    """Lend the addresses of a PostgreSQL database of our own and of Redis."""
    server, redis_address = services.postgresql(), services.redis_server()
    name = f"weiyu_check_{os.getpid()}_{int(time.time())}"
    services.make_database(server, name)
    try:
        yield {
            "WEIYU_DATABASE_URL": services.with_database(server, name),
            "WEIYU_REDIS_URL": redis_address,
        }
    finally:
        services.drop_databases(server, name)


def run_lane(lane: list[Part], folder: Path) -> list[Part]:
    for part in lane:
        log = folder / f"{part.target}.log"
        part.run(log)
        body = log.read_text(encoding="utf-8", errors="replace")
        say(f"\n=== {part.target} {'=' * (70 - len(part.target))}\n{body}{part.line()}")
    return lane


def check() -> int:
    """Run everything; a test that is skipped fails."""
    with database() as addresses, tempfile.TemporaryDirectory() as folder:
        strict = {"WEIYU_TEST_NOTHING_SKIPPED": "true"}
        prepare = Part("client-packages")
        if prepare.process().wait():
            return 1
        # Whoever calls a server sees no database: servers run once, on what a production has.
        # What runs once in any case runs here.
        on_sqlite = "-m 'not postgresql and not redis and (once or not server)'"
        lanes = [
            [*(Part(target) for target in STATIC), tests("tests-sqlite", on_sqlite, **strict)],
            [tests("tests-postgresql", "-m 'not once'", **strict, **addresses)],
        ]
        # Half of it is waiting for downloads.
        beside = [Part("install-check", {"INSTALL_ARGS": "--short"})]
        began = time.monotonic()
        # One after the other: each keeps two cores busy with its servers and browsers, and side by
        # side both take longer than twice as long.
        with ThreadPoolExecutor(max_workers=1) as pool:
            also = pool.submit(run_lane, beside, Path(folder))
            parts = [part for lane in lanes for part in run_lane(lane, Path(folder))]
            parts += also.result()
    return summary(parts, time.monotonic() - began)


def summary(parts: list[Part], seconds: float) -> int:
    failed = [part for part in parts if part.status]
    say("\n" + "\n".join(part.line() for part in parts))
    if failed:
        say(f"\nFAILED after {seconds:.0f} s: " + ", ".join(part.target for part in failed))
        return 1
    say(f"\nAll {len(parts)} parts passed in {seconds:.0f} s; nothing was skipped.")
    return 0


def all_that_can_run() -> int:
    """Run the tests on SQLite, then on PostgreSQL and Redis where they answer."""
    say("--- Tests on SQLite")
    on_sqlite = tests("tests-sqlite", os.environ.get("PYTEST_ARGS", ""))
    failed = bool(on_sqlite.process().wait())
    try:
        with database() as addresses:
            say("--- Tests on PostgreSQL and Redis")
            both = tests("tests-postgresql", os.environ.get("PYTEST_ARGS", ""), **addresses)
            failed = bool(both.process().wait()) or failed
    except services.Missing as reason:
        say(f"--- Skipped: the tests on PostgreSQL and Redis. {reason}")
    return int(failed)


def main(arguments: list[str]) -> int:
    try:
        return all_that_can_run() if arguments == ["tests"] else check()
    except services.Missing as reason:
        say(f"`make check` skips nothing, so it cannot start. {reason} .ci/run brings both.")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
