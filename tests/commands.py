"""Management commands of one site, each in a fork of one process that has read the program.

To start takes a command two seconds, and its work next to nothing.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Commands:
    """Run commands in one environment: `commands.run("migrate")` returns what it prints."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands"],
            env=dict(env), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: str) -> str:
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        status, printed, complained = json.loads(answer or '[-1, "", "Django did not start."]')
        if status:
            raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{complained}")
        return printed

    def close(self) -> None:
        self._process.communicate()


def serve() -> None:
    """Read one command a line, and answer each with its status, its output and its errors."""
    import django
    from django.urls import get_resolver

    django.setup()
    get_resolver().url_patterns  # noqa: B018 - reads the pages once for all commands
    for line in sys.stdin:
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complained:
            if not (child := os.fork()):
                os.dup2(printed.fileno(), 1)
                os.dup2(complained.fileno(), 2)
                os._exit(_run(json.loads(line)))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said = [_text(file) for file in (printed, complained)]
        sys.stdout.write(json.dumps([status, *said]) + "\n")
        sys.stdout.flush()


def _run(arguments: list[str]) -> int:
    """Do what `python manage.py …` does, and return its exit code."""
    sys.argv = ["manage.py", *arguments]
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as end:
        return _code(end)
    except BaseException:  # noqa: BLE001 - as the interpreter itself does
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _code(end: SystemExit) -> int:
    if isinstance(end.code, str):
        sys.stderr.write(end.code)
        return 1
    return end.code or 0


def _text(file) -> str:
    file.seek(0)
    return file.read().decode()


if __name__ == "__main__":
    serve()
