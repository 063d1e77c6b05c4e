"""Make `.venv` from a bare Python: `python3 -m weiyu_site.launch.bootstrap [--dev] [--serve]`.

Nothing is installed yet when this runs, so it imports the standard library alone. Whatever goes
wrong ends in one sentence that says what to do.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[2]
OLDEST_PYTHON = (3, 11)


class Impossible(SystemExit):
    """End with exit code 1, and on standard error the one sentence that people read."""


def say(text: str) -> None:
    """Print at once, also where the output goes to a file."""
    print(text, flush=True)  # noqa: T201


def require_python() -> None:
    """Refuse a Python that is too old or that cannot make virtual environments."""
    if sys.version_info < OLDEST_PYTHON:
        raise Impossible(
            f"Weiyu needs Python 3.11 or newer, and {sys.executable} is"
            f" {sys.version_info[0]}.{sys.version_info[1]}."
            " Install a newer one, or name it: make run PYTHON=/path/to/python3"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        raise Impossible(
            f"{sys.executable} cannot make virtual environments ({error.name} is missing)."
            " On Debian and Ubuntu: apt install python3-venv"
        ) from error


def require_writable(folder: Path) -> None:
    """Refuse a folder into which this person cannot write."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Impossible(
            f"Weiyu cannot write into {folder} ({error.strerror})."
            " Use a folder that belongs to you and has room."
        ) from error


def wanted_address() -> tuple[str, str]:
    """Return HOST and PORT as they were given, or their defaults."""
    return os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"


def listen(host: str, port: str) -> socket.socket:
    """Listen on HOST and PORT, or say why that is impossible."""
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise Impossible(f"PORT must be a number up to 65535, not {port!r}.")
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except socket.gaierror as error:
        raise Impossible(f"HOST={host} is no address of this machine: {error.strerror}.") from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise Impossible(
                f"HOST={host} is no address of this machine."
                " 127.0.0.1 serves this machine alone, 0.0.0.0 all that can reach it."
            ) from error
        raise Impossible(
            f"Weiyu cannot listen on {host}:{port} ({error.strerror})."
            f" Stop what uses it, or take another: make run PORT={another(int(port))}"
        ) from error
    listener.set_inheritable(True)
    return listener


def another(port: int) -> int:
    return port + 1 if 1024 <= port < 65_535 else 8000


class Environment:
    """The virtual environment of one checkout."""

    def __init__(self, root: Path, requirements: str) -> None:
        self.folder = root / ".venv"
        self.requirements = root / requirements
        # requirements-dev.txt brings requirements.txt along.
        self.files = sorted({root / "requirements.txt", self.requirements})
        self.stamp = self.folder / f".installed-{self.requirements.stem}"
        self.log = self.folder / "install.log"
        self.python = self.folder / "bin" / "python"

    def wanted(self) -> str:
        """Return what the stamp of a whole installation holds."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(file.read_bytes())
        # Scripts of a virtual environment name their folder, so a moved one is no good.
        return f"{self.folder}\n{digest.hexdigest()}\n"

    def is_ready(self) -> bool:
        return (
            self.python.exists()
            and self.stamp.exists()
            and self.stamp.read_text(encoding="utf-8") == self.wanted()
        )

    def ensure(self) -> None:
        """Install what is missing; a run that was cut off is done again."""
        if self.is_ready():
            return
        require_writable(self.folder.parent)
        self.make()
        self.install()
        self.stamp.write_text(self.wanted(), encoding="utf-8")

    def make(self) -> None:
        if self.works():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        say(f"Making the virtual environment {self.folder} …")
        made = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "venv", str(self.folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            said = (made.stderr or made.stdout).strip().splitlines() or ["no reason given"]
            raise Impossible(f"{sys.executable} could not make {self.folder}: {said[-1]}")

    def works(self) -> bool:
        """True if pip runs and the folder has not been moved since it was made."""
        config = self.folder / "pyvenv.cfg"
        script = self.folder / "bin" / "pip"
        try:
            here = str(self.folder) in script.read_text(encoding="utf-8").partition("\n")[0]
            asked = subprocess.run(  # noqa: S603 - our own interpreter
                [str(self.python), "-m", "pip", "--version"], capture_output=True, check=False
            )
        except OSError:
            return False
        return config.exists() and here and asked.returncode == 0

    def install(self) -> None:
        """Run pip, show how far it is, and keep all it says in the log."""
        total = sum(len(requirements_of(file)) for file in self.files)
        say(f"Installing {total} packages from {self.requirements.name} (only this once) …")
        command = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check"]
        command += ["--no-input", "--retries", "2", "--progress-bar", "off"]
        with (
            self.log.open("w", encoding="utf-8") as log,
            subprocess.Popen(  # noqa: S603 - our own interpreter
                [*command, "-r", str(self.requirements)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
            ) as pip,
        ):
            if pip.stdout is None:
                raise AssertionError
            show_progress(pip.stdout, log, total)
        if pip.returncode:
            raise Impossible(why_not_installed(self.log))


def requirements_of(file: Path) -> list[str]:
    """Return the packages that a requirements file names itself."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def show_progress(lines: Iterable[str], log: TextIO, total: int) -> None:
    """Copy pip's words to the log and print one short line for each package."""
    seen: set[str] = set()
    for line in lines:
        log.write(line)
        package = re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+\S*)", line)
        if package and package[1] not in seen:
            seen.add(package[1])
            # What the packages bring along is not in the file and so not in the total.
            count = f"{len(seen):>2}/{total}" if len(seen) <= total else f"{total}/{total}"
            say(f"  [{count}] {package[1]}")
        elif line.startswith("Installing collected packages"):
            say("  Unpacking them …")


def why_not_installed(log: Path) -> str:
    """Turn what pip wrote into one sentence."""
    text = log.read_text(encoding="utf-8")
    causes = {
        "No space left on device": "The disk is full: make room and run it again.",
        "Permission denied": f"Weiyu may not write into {log.parent}: use a folder of your own.",
        "certificate verify failed": (
            "The package index shows a certificate that is not trusted here: set PIP_CERT to your"
            " organization's certificates and run it again."
        ),
        "Connection to|connection broken|NewConnectionError|name resolution"
        "|Max retries|timed out|ProxyError": (
            "The packages could not be downloaded: the package index does not answer."
            " Check the network or the proxy and run it again; what is there already is kept."
        ),
    }
    for signs, sentence in causes.items():
        if re.search(signs, text):
            return f"{sentence} (All that pip said: {log})"
    errors = [line for line in text.splitlines() if line.startswith("ERROR: ")]
    reason = errors[-1].removeprefix("ERROR: ") if errors else "it gave no reason"
    return f"pip could not install the packages: {reason} (All that it said: {log})"


def main(arguments: list[str]) -> int:
    requirements = "requirements-dev.txt" if "--dev" in arguments else "requirements.txt"
    try:
        require_python()
        if "--serve" in arguments:
            # Nobody should wait for an installation to learn that the port is taken.
            listen(*wanted_address()).close()
        Environment(ROOT, requirements).ensure()
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise Impossible(f"Weiyu could not be installed: {error.strerror}{where}.") from error
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    # A program that a pipe feeds may close early; that is no error of ours.
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main(sys.argv[1:]))
