"""The benchmark runs. How fast anything is, no test says: that depends on the machine."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.load import Call, Failed, measure
from tests.server import ROOT

pytestmark = [pytest.mark.server, pytest.mark.once]


def test_the_benchmark_measures_every_call_beside_its_rivals():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--database", "sqlite",
         "--tickets", "60", "--seconds", "0.1", "--repeats", "1", "--connections", "2"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    for call, contenders in {
        "list of 50": 4, "one ticket": 3, "create": 3, "profile": 3, "login by URL": 3,
    }.items():  # fmt: skip
        # Once in calls per second, once in the processor's time.
        lines = re.findall(rf"^{call} .*", done.stdout, re.MULTILINE)
        assert len(lines) == 2, done.stdout
        for line in lines:
            assert len(re.findall(r"[\d,.]+", line.removeprefix(call))) >= contenders, line
    assert "Memory of a worker" in done.stdout
    # Of Weiyu, of Weiyu with domains and networks, of simplejwt, of knox.
    assert queries_in("good token", done.stdout) == ["1", "1", "1", "2"]
    assert queries_in("nobody's token", done.stdout) == ["0", "0", "0", "1"]
    assert "round 1 of 1" in done.stderr


def queries_in(title: str, table: str) -> list[str]:
    (line,) = re.findall(rf"^{title} .*", table, re.MULTILINE)
    return re.findall(r"\((\d+)\)", line)


def test_an_answer_that_is_not_wanted_ends_the_measurement():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(500)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(Failed, match=r"GET /list HTTP/1\.1: 500"):
            measure(server.server_address[1], [Call("GET", "/list")], connections=1, seconds=0)
    finally:
        server.shutdown()
        server.server_close()
