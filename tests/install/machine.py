"""A Debian 12 of a check's own: an empty tree that boots its own systemd, without a network.

debootstrap makes the tree once, with the packages beside it that apt is asked for later, and it is
kept in the cache folder. Each machine writes into a layer above it, in namespaces of its own:
when its first process ends, all its processes, mounts and files are gone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.own_services import needed

ROOT = Path(__file__).resolve().parents[2]
BOOT = Path(__file__).with_name("boot.sh")
MIRROR = os.environ.get("WEIYU_TEST_DEBIAN_MIRROR", "http://deb.debian.org/debian")
# As on a plain machine; what deploy/install.sh asks for is only downloaded.
INSTALLED = ("systemd", "systemd-sysv", "ca-certificates")
DOWNLOADED = ("git", "python3", "python3-venv", "postgresql", "redis-server", "caddy")
PATIENCE = 120.0
OWN_NAMESPACES = (
    # It dies with us, and everything in its namespaces with it.
    "setpriv", "--pdeathsig", "KILL",
    "unshare", "--pid", "--net", "--mount", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child",
)  # fmt: skip


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "weiyu-install-check"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def made_once(name: str) -> Iterator[Path | None]:
    """Yield a folder to be filled, which is then kept under that name, or None if it is there."""
    kept = cache() / name
    if kept.exists():
        yield None
        return
    new = kept.with_name(f".{name}.{secrets.token_hex(4)}")
    new.mkdir()
    try:
        yield new
        new.rename(kept)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def debian() -> Path:
    """Return the tree of an empty Debian 12, which knows the packages that it may be asked for."""
    wanted = " ".join([MIRROR, *INSTALLED, *DOWNLOADED])
    name = f"debian-12-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    with made_once(name) as folder:
        if folder:
            _make_debian(folder)
    return cache() / name


def _make_debian(folder: Path) -> None:
    include = f"--include={','.join(INSTALLED)}"
    quietly(needed("debootstrap"), "--variant=minbase", include, "bookworm", str(folder), MIRROR)
    # Mirrors are often reached through one's own certificates and name servers; the machine has
    # neither network nor use for them.
    resolver = folder / "etc/resolv.conf"
    shutil.copy("/etc/resolv.conf", resolver)
    less = 'APT::Install-Recommends "false";\nAcquire::Retries "0";\n'
    (folder / "etc/apt/apt.conf.d/90less").write_text(less)
    quietly("chroot", str(folder), "apt-get", "update", "-q")
    quietly("chroot", str(folder), "apt-get", "install", "-yq", "--download-only", *DOWNLOADED)
    resolver.write_text("")


def wheels() -> Path:
    """Return a folder with all that requirements.txt names."""
    # Those that this Python needs not, too: the machine's may be older.
    listed = (ROOT / "requirements.txt").read_text().splitlines()
    named = [line.partition(";")[0].strip() for line in listed if line[:1].isalpha()]
    digest = hashlib.sha256(" ".join([*named, platform.machine()]).encode())
    name = f"wheels-{digest.hexdigest()[:12]}"
    with made_once(name) as folder:
        if folder:
            options = ["--only-binary=:all:", "--python-version=3.11", "--no-deps", "-d", folder]
            pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
            quietly(*pip, *map(str, options), *named)
    return cache() / name


def quietly(*command: str) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def git(folder: Path, *arguments: str) -> str:
    """Run git without the settings of whoever runs it."""
    identity = ["-c", "user.name=Weiyu", "-c", "user.email=weiyu@localhost"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def publish(folder: Path) -> None:
    """Make a repository of what this checkout holds now, committed or not."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "As it is.")


def commit(folder: Path, subject: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", subject)


class Failed(RuntimeError):
    """A command on the machine ended with an error; the message holds what it said."""


@dataclass
class Machine:
    """A booted machine. What lies in `shared` is its /srv."""

    shared: Path
    init: int

    def run(self, script: str, **env: str) -> str:
        """Run a script as root, as if typed there, and return what it prints."""
        done = subprocess.run(
            [*self._inside("--all"), "bash", "-euo", "pipefail", "-c", f"cd\n{script}"],
            env={"HOME": "/root", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **env},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            # Without a terminal, which would stop it where it runs in the background.
            start_new_session=True,
        )  # fmt: skip
        if done.returncode:
            said = f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            raise Failed(f"{script}\nended with {done.returncode}:\n{said}")
        return done.stdout

    def curl(self, *arguments: str) -> str:
        """Call it from itself, with this machine's curl: an empty Debian has none."""
        command = [*self._inside("--net"), needed("curl"), "--silent", "--show-error", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def _inside(self, which: str) -> Sequence[str]:
        return ["nsenter", "--target", str(self.init), which, "--"]


@contextlib.contextmanager
def machine() -> Iterator[Machine]:
    """Boot a new one, and take it away again however this ends."""
    tree, packages = debian(), wheels()
    with tempfile.TemporaryDirectory(prefix="weiyu-machine-") as name:
        folder = Path(name)
        for part in ("layer", "root", "shared", "shared/wheels"):
            (folder / part).mkdir()
        folder.chmod(0o755)
        process = subprocess.Popen(
            [*OWN_NAMESPACES, str(BOOT), str(tree), str(packages), name],
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            yield Machine(folder / "shared", _booted(process))
        finally:
            process.kill()
            process.wait()


def _booted(process: subprocess.Popen[bytes]) -> int:
    """Return the process number of its init once it has started everything."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        for child in children.read_text().split():
            asked = subprocess.run(
                ["nsenter", "--target", child, "--all", "--", "systemctl", "is-system-running"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if asked.stdout.strip() in {"running", "degraded"}:
                return int(child)
        time.sleep(0.2)
    raise Failed(
        "The machine did not boot: that takes root, and a kernel with overlay file systems."
    )
