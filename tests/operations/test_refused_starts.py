"""What cannot work is refused in one sentence, with one exit code, in every way of starting."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.server import ROOT, Process, free_port
from weiyu_site.launch import keys

pytestmark = [pytest.mark.server, pytest.mark.once]

WAYS_OF_STARTING = {
    "manage.py": ["manage.py", "check"],
    "serve": ["-m", "weiyu_site.serve", "--port", "{port}"],
    "serve with workers": ["-m", "weiyu_site.serve", "--port", "{port}", "--workers", "2"],
    "uvicorn": ["-m", "uvicorn", "weiyu_site.asgi:application", "--port", "{port}"],
    "wsgi": ["-c", "import weiyu_site.wsgi"],
}
SERVE = ["-m", "weiyu_site.serve", "--port", "{port}"]
TWO = [*SERVE, "--workers", "2", "--workers-without-redis"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    names = {name: value for name, value in os.environ.items() if not name.startswith("WEIYU_")}
    names["DJANGO_SETTINGS_MODULE"] = "weiyu_site.settings"
    secrets = {name: make() for name, make in keys.MAKERS.items()}
    return {**names, **secrets, "WEIYU_DATA_DIR": str(tmp_path_factory.mktemp("data"))}


@pytest.fixture(scope="module")
def ready(environment, tmp_path_factory) -> dict[str, str]:
    """The environment of a site that can start."""
    environment = {**environment, "WEIYU_DATA_DIR": str(tmp_path_factory.mktemp("ready"))}
    for command in (["migrate"], ["collectstatic", "--noinput"]):
        subprocess.run(
            [sys.executable, "manage.py", *command, "--verbosity", "0"],
            cwd=ROOT, env=environment, check=True,
        )  # fmt: skip
    return environment


def start(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = [word.format(port=free_port()) for word in words]
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("way", WAYS_OF_STARTING)
@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"WEIYU_LOG_LEVEL": "LOUD"}, "WEIYU_LOG_LEVEL must be one of DEBUG, INFO,"),
        (
            {"WEIYU_ALOWED_HOSTS": "desk.example.com"},
            "WEIYU_ALOWED_HOSTS is no setting of Weiyu; WEIYU_ALLOWED_HOSTS is one.",
        ),
    ],
    ids=["wrong", "unknown"],
)
def test_a_wrong_setting_ends_the_start(environment, way, setting, sentence):
    run = start(WAYS_OF_STARTING[way], {**environment, **setting})

    assert run.returncode == 1
    assert run.stderr.startswith(f"Weiyu cannot start: {sentence}")
    assert run.stderr.count("\n") == 1


def test_names_of_tests_samples_and_kubernetes_are_free(environment):
    free = {
        "WEIYU_TEST_ANYTHING": "x", "WEIYU_URL": "http://x", "WEIYU_TOKEN": "x",
        "WEIYU_PORT": "tcp://10.0.0.1:80", "WEIYU_PORT_80_TCP_ADDR": "10.0.0.1",
        "WEIYU_SERVICE_HOST": "10.0.0.1", "WEIYU_WEB_SERVICE_PORT_HTTP": "80",
    }  # fmt: skip

    assert start(["manage.py", "check"], {**environment, **free}).returncode == 0


def test_a_start_without_static_files_says_what_to_do(ready, tmp_path):
    database = f"sqlite:///{ready['WEIYU_DATA_DIR']}/weiyu.sqlite3"
    elsewhere = {"WEIYU_DATA_DIR": str(tmp_path), "WEIYU_DATABASE_URL": database}

    run = start(SERVE, {**ready, **elsewhere})

    assert run.returncode == 1
    assert re.fullmatch(
        r"Weiyu cannot start: \S+/static lacks \d+ static files, such as \S+\."
        r" Run manage\.py collectstatic --noinput\n",
        run.stderr,
    )


def test_several_workers_without_redis_are_refused(ready):
    run = start([*SERVE, "--workers", "2"], ready)

    assert run.returncode == 1
    assert run.stderr.startswith("Weiyu cannot start: several workers need Redis")
    assert "--workers-without-redis" in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--port=70000", "--port=many", "--workers=0", "--workers=-1"])
def test_a_number_that_is_none_is_named(ready, option):
    run = start([*SERVE, option], ready)

    assert run.returncode == 2
    assert "must be from" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("words", [SERVE, TWO], ids=["one", "two"])
def test_a_port_that_is_taken_ends_the_start(ready, words):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        run = start([word.replace("{port}", port) for word in words], ready)

    assert run.returncode == 1
    assert "address already in use" in run.stderr.lower()
    assert "Traceback" not in run.stderr


BROKEN = """
import weiyu_site.asgi
raise RuntimeError("It can never start.")
"""


def test_workers_that_can_never_start_end_the_server(ready, tmp_path):
    """As an application that fails only once it is in its worker."""
    (tmp_path / "broken.py").write_text(BROKEN)
    code = (
        "import uvicorn; from weiyu_site import serve;"
        "serve.APPLICATION = 'broken:application'; import sys; sys.exit(serve.main(sys.argv[1:]))"
    )
    environment = {**ready, "PYTHONPATH": f"{tmp_path}:{ROOT}"}

    run = start(["-c", code, *TWO[2:]], environment)

    assert run.returncode == 1
    assert "No worker could start; what is wrong stands above." in run.stderr
    assert run.stderr.count("It can never start.") <= 2 * 2


@pytest.fixture
def two(ready, tmp_path):
    """A server with two workers."""
    port = free_port()
    words = [word.format(port=port) for word in TWO]
    process = Process([sys.executable, *words], ready, tmp_path / "log", port)
    process.start()
    yield process
    process.stop()


def test_a_worker_that_is_killed_leaves_a_trace_and_a_successor(two):
    wait_until(lambda: two.log().count("Application startup complete") == 2)
    worker = workers_of(two)[0]

    os.kill(worker, signal.SIGKILL)

    wait_until(lambda: f"Worker {worker} was ended by SIGKILL." in two.log())
    wait_until(lambda: "in its place" in two.log())
    wait_until(lambda: two.log().count("Application startup complete") == 3)
    assert "Started parent process" in two.log()
    assert len(workers_of(two)) == 2
    assert requests.get(f"{two.url}/healthz", timeout=20).status_code == 200


def workers_of(process: Process) -> list[int]:
    children = Path(f"/proc/{process.process.pid}/task/{process.process.pid}/children")
    commands = {int(pid): Path(f"/proc/{pid}/cmdline") for pid in children.read_text().split()}
    return [pid for pid, command in commands.items() if b"spawn_main" in command.read_bytes()]


def wait_until(condition) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        with contextlib.suppress(OSError):
            time.sleep(0.1)
