"""The benchmark runs. How fast anything is, no test says: that depends on the machine."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import fill, scale
from benchmarks.load import Call, Failed, measure
from tests.server import ROOT

pytestmark = [pytest.mark.server, pytest.mark.once]


def test_the_benchmark_measures_every_call_beside_its_rivals():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--database", "sqlite", "--workers", "1",
         "--tickets", "60", "--seconds", "0.05", "--repeats", "1", "--connections", "2"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    # In calls per second, beside (b), (d1) and (d2), as p50 and p99, in the processor's time.
    for call, cells in {
        "list of 50": [6, 3, 3, 6], "one ticket": [5, 3, 3, 5], "create": [5, 3, 3, 5],
        "profile": [5, 3, 3, 5], "login by URL": [4, 2, 2, 4],
    }.items():  # fmt: skip
        lines = re.findall(rf"^{call} +(.*?) *$", done.stdout, re.MULTILINE)
        assert [len(re.split(r" {3,}", line)) for line in lines] == cells, done.stdout
    assert "Memory of a worker" in done.stdout
    # Of Weiyu, of Weiyu with domains and networks, of simplejwt, of knox.
    assert queries_in("good token", done.stdout) == ["1", "1", "1", "2"]
    assert queries_in("nobody's token", done.stdout) == ["0", "0", "0", "1"]
    assert "round 1 of 1" in done.stderr


def test_calls_are_measured_among_few_and_among_many(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fill, "KEPT", tmp_path)

    sizes = ["--small", "60", "--large", "90", "--most", "1"]
    scale.main(["--database", "sqlite", *sizes, "--only", "/agent"])

    head, *lines = capsys.readouterr().out.strip().splitlines()
    assert head.split() == ["sqlite,", "milliseconds", "60", "p99", "90", "p99", "ratio", "calls"]
    assert [line[:42].split() for line in lines] == [
        [*call.name.split(), call.who] for call in scale.CALLS if "/agent" in call.target
    ]


def queries_in(title: str, table: str) -> list[str]:
    (line,) = re.findall(rf"^{title} .*", table, re.MULTILINE)
    return re.findall(r"\((\d+)\)", line)


@contextlib.contextmanager
def answering(status: int, *, protocol: str = "HTTP/1.1") -> Iterator[ThreadingHTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol

        def setup(self) -> None:
            super().setup()
            self.server.connections += 1

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.connections = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def test_an_answer_that_is_not_wanted_ends_the_measurement():
    with answering(500) as server, pytest.raises(Failed, match=r"GET /list HTTP/1\.1: 500 b'\[\]'"):
        measure(server.server_address[1], [Call("/list")], connections=1, seconds=0)


def test_a_connection_is_kept_while_the_server_keeps_it():
    with answering(200) as server:
        result = measure(server.server_address[1], [Call("/")], connections=2, seconds=0.2)

        assert len(result.took) > 2
        assert server.connections == 2


def test_a_server_that_closes_after_each_answer_is_connected_to_anew():
    with answering(200, protocol="HTTP/1.0") as server:
        result = measure(server.server_address[1], [Call("/")], connections=2, seconds=0.2)

        assert len(result.took) > 2
        assert server.connections == len(result.took)
