from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.server import ROOT, free_port

PATIENCE = 300.0
# How packages are reached from here; all else of a person's environment stays out.
KEPT = re.compile(r"PATH|HOME|PIP_\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|(?i:https?_proxy|no_proxy)")


def bare_environment(**also: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    return {**kept, **also}


def copy_checkout(target: Path) -> Path:
    """Copy what a clone of the present work would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@dataclass
class Run:
    """One `make run`, with its own process group as a terminal would give it."""

    process: subprocess.Popen[bytes]
    log: Path
    said: str = ""

    def wait_until_it_serves(self) -> Run:
        self.wait_for(r"Application startup complete")
        return self

    def wait_for(self, pattern: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.output()):
            assert self.process.poll() is None, f"It ended:\n{self.output()}"
            assert time.monotonic() < deadline, f"It says no {pattern!r}:\n{self.output()}"
            time.sleep(0.1)

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def link(self, room: str) -> str:
        return re.search(rf"http\S+/{room}/auth/login\?accessToken=\S+", self.output())[0]

    def interrupt(self) -> int:
        """Press Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)

    def end(self) -> str:
        self.process.wait(PATIENCE)
        return self.output()


@dataclass
class Checkout:
    """A clone in a folder of its own."""

    folder: Path
    runs: list[Run] = field(default_factory=list)

    def make(self, *arguments: str, **environment: str) -> Run:
        log = self.folder.parent / f"{self.folder.name}-{len(self.runs)}-{os.getpid()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["make", *arguments],
                cwd=self.folder,
                env=bare_environment(**{"PORT": str(free_port()), **environment}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.runs.append(Run(process, log))
        return self.runs[-1]

    def close(self) -> None:
        for run in self.runs:
            if run.process.poll() is None:
                os.killpg(run.process.pid, signal.SIGKILL)
                run.process.wait()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Checkout]:
    """A clone in which nothing was ever run."""
    checkout = Checkout(copy_checkout(tmp_path / "weiyu"))
    yield checkout
    checkout.close()


@pytest.fixture(scope="session")
def _installed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One clone with its packages, for all workers of this run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "installed"
    with (shared / "installed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            copy_checkout(folder)
            subprocess.run(["make", "install"], cwd=folder, env=bare_environment(), check=True)
    return folder


@pytest.fixture
def installed(_installed_folder: Path, tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Return a function that does `make run` where the packages are there, on data of its own."""
    checkout = Checkout(_installed_folder)
    checkout_data = tmp_path / "data"

    def run(**environment: str) -> Run:
        return checkout.make("run", **{"WEIYU_DATA_DIR": str(checkout_data), **environment})

    run.data = checkout_data
    run.folder = _installed_folder
    yield run
    checkout.close()


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH with make and a shell, but without any Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("make", "sh", "env", "git"):
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)
