from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from tests.server import ROOT, free_port, shared_folder

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


def link_in(said: str, room: str) -> str:
    return re.search(rf"http\S+/{room}/auth/login\?accessToken=\S+", said)[0]


def curl(*arguments: str) -> str:
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def where_it_leads(link: str) -> str:
    return curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", link)


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
        return link_in(self.output(), room)

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

    def make(self, *arguments: str, before: Sequence[str] = (), **environment: str) -> Run:
        """Type make; `before` stands in front of it."""
        log = self.folder.parent / f"{self.folder.name}-{len(self.runs)}-{os.getpid()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*before, "make", *arguments],
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


@dataclass(frozen=True)
class Begun:
    """A clone in which `make run` was typed once, and what it said and answered then."""

    folder: str
    port: int
    said: str
    leads_to: dict[str, str]
    tickets: list[dict[str, object]]
    exit_code: int

    @property
    def data(self) -> Path:
        return Path(self.folder) / "data"

    @property
    def python(self) -> Path:
        return Path(self.folder) / ".venv" / "bin" / "python"


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    """The first `make run` of a fresh clone, typed once for all workers: it takes a minute."""
    shared = shared_folder(tmp_path_factory)
    kept = shared / "begun.json"
    with (shared / "begun.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            shutil.rmtree(shared / "begun", ignore_errors=True)
            kept.write_text(json.dumps(asdict(_begin(shared / "begun"))), encoding="utf-8")
    return Begun(**json.loads(kept.read_text(encoding="utf-8")))


def _begin(folder: Path) -> Begun:
    checkout, port = Checkout(copy_checkout(folder)), free_port()
    try:
        run = checkout.make("run", PORT=str(port)).wait_until_it_serves()
        pasted = next(line for line in run.output().splitlines() if re.match(r"\s+curl ", line))
        return Begun(
            folder=str(folder),
            port=port,
            leads_to={room: where_it_leads(run.link(room)) for room in ("agent", "admin")},
            tickets=json.loads(curl(*shlex.split(pasted)[1:])),
            exit_code=run.interrupt(),
            said=run.output(),
        )
    finally:
        checkout.close()


@pytest.fixture
def installed(begun: Begun, tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Return a function that does `make run` again, on a copy of the data of the first time."""
    checkout, data = Checkout(Path(begun.folder)), tmp_path / "data"
    shutil.copytree(begun.data, data, symlinks=True)

    def run(**environment: str) -> Run:
        return checkout.make("run", **{"WEIYU_DATA_DIR": str(data), **environment})

    run.data = data
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
