"""The front before the whole site, as `make run` and the production command start it."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
import time

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.front.conftest import send_raw
from weiyu_site import serve

pytestmark = pytest.mark.server

TOKEN = "eyJhbGciOiJIUzM4NCIsImtpZCI6InQxIn0.eyJzdWIiOiJ4IiwiaWF0IjoxfQ.c2lnbmF0dXJl_-x"


def test_it_is_alive_and_ready_under_any_host(weiyu):
    for path in ("/healthz", "/readyz"):
        answer = requests.get(f"{weiyu.url}{path}", headers={"Host": "any.example"}, timeout=30)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "ok"


def test_a_failed_login_by_link_leaves_no_token_anywhere(weiyu):
    answer = requests.get(
        f"{weiyu.url}/agent/auth/login?amp;accessToken={TOKEN}", allow_redirects=False, timeout=30
    )

    assert answer.status_code == 401
    assert "eyJ" not in answer.text + repr(answer.headers)
    assert "eyJ" not in weiyu.log()
    assert re.search(
        rf'\[{answer.headers["x-request-id"]}\] uvicorn\.access: .*"GET /agent/auth/login HTTP',
        weiyu.log(),
    )


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/nothing", {}, 404),
        ("/api/tickets/list", {"Host": "evil.example"}, 400),
        ("/api/tickets/list?search=%00", {}, 400),
        ("/api/tickets/list", {}, 401),
    ],
)
def test_every_refusal_under_the_api_is_a_problem(weiyu, path, headers, status):
    answer = requests.get(f"{weiyu.url}{path}", headers=headers, timeout=30)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "server" not in answer.headers


def test_a_body_of_3_mb_is_413(weiyu):
    answer = requests.post(f"{weiyu.url}/api/tickets/create", data=b" " * 3_000_000, timeout=30)

    assert answer.status_code == 413
    assert answer.json()["code"] == "body-too-large"


@pytest.mark.parametrize(
    "target",
    ["/%ff", "/?%ff", "/api/%ff?%ed%a0%80", "/static/%00", "/static/%ff", "/agent/%ed%a0%80",
     "/admin/%ff", "//evil.example/..", "/api//", "/%2e%2e/%2e%2e/etc/passwd", "*",
     "/agent/login?next=%ff", "/api/tickets/%ff", "/api/users/%e2%80%ae"],
)  # fmt: skip
def test_no_address_is_our_fault(weiyu, target):
    lines = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"

    answer = send_raw(weiyu, lines.encode("latin-1"))

    assert 200 <= int(answer.split(b" ", 2)[1]) < 500


def test_a_socket_at_no_address_is_closed_with_a_code(weiyu):
    address = f"ws://127.0.0.1:{weiyu.port}/ws/nothing"
    with connect(address) as client, pytest.raises(ConnectionClosed) as closed:
        client.recv()

    assert closed.value.rcvd.code == 4404


def test_slow_uploads_leave_pages_and_lists_answering(weiyu):
    slow = [socket.create_connection(("127.0.0.1", weiyu.port)) for _ in range(20)]
    try:
        for connection in slow:
            connection.sendall(
                b"POST /api/tickets/create HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                b"Content-Length: 99\r\n\r\n{"
            )
        for path, status in [("/healthz", 200), ("/api/tickets/list", 401), ("/admin/login/", 200)]:
            started = time.perf_counter()
            answer = requests.get(f"{weiyu.url}{path}", timeout=30)
            assert answer.status_code == status
            # A thread that waited for a body would be free after the ten seconds of a 408.
            assert time.perf_counter() - started < 9
    finally:
        for connection in slow:
            connection.close()


def test_the_production_command_has_the_options_of_make_run():
    printed = subprocess.run(
        [sys.executable, "-m", "weiyu_site.serve", "--port", "8001", "--print"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert shlex.split(printed) == serve.command(host="127.0.0.1", port=8001, workers=1)
    for option in ("--no-proxy-headers", "--no-server-header", "--ws-max-size 65536"):
        assert option in printed
