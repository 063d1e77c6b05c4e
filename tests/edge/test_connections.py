"""What a connection may cost before the application sees a request of it, on a real server."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from websockets.sync.client import connect

from tests.edge.conftest import send_raw
from tests.server import Process, free_port

pytestmark = pytest.mark.server

HEAD = b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n"
FEW_DESCRIPTORS = ("sh", "-c", 'ulimit -n 256; exec "$0" "$@"')


@pytest.fixture
def server(edge_server):
    return edge_server()


@pytest.fixture
def hurried(edge_server):
    """A server that waits two seconds where the real one waits thirty."""
    return edge_server(HURRIED="true", PATIENCE="60", WHOLE="2", RATE="10000")


def opened(server: Process, first: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(first)
    return connection


def rest_of(connection: socket.socket) -> bytes:
    """Return all that comes until the server ends the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            received += piece
    return received


def problem_in(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    return int(head.split(b" ", 2)[1]), json.loads(body)["code"]


def peak_megabytes(server: Process) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def descriptors(server: Process) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def still_answers(server: Process) -> bool:
    return requests.get(f"{server.url}/x", timeout=20).status_code == 200


@pytest.mark.parametrize(
    "flood",
    [
        b"cookie:a\r\n" * 200_000,
        b"a:b\r\n" * 1_000_000,
        b"x: " + b"a" * 2_000_000,
        b"x: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"a" * 2_000_000,
        b"content-type: a;charset" + b" " * 2_000_000,
    ],
    ids=["cookies", "many", "unfinished", "long", "name", "blanks"],
)
def test_a_head_past_the_limit_is_431_and_the_connection_ends(server, flood):
    before = peak_megabytes(server)

    with opened(server, HEAD) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(flood)
        answer = rest_of(connection)

    assert problem_in(answer) == (431, "headers-too-large")
    assert peak_megabytes(server) - before < 20
    assert still_answers(server)


def test_an_address_without_end_is_refused(server):
    with opened(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET /" + b"a" * 2_000_000)
        assert problem_in(rest_of(connection)) == (431, "headers-too-large")


def test_heads_that_nobody_finishes_take_no_memory(server):
    before = peak_megabytes(server)
    unfinished = [opened(server, HEAD + b"x: " + b"a" * 60_000) for _ in range(50)]
    try:
        for connection in unfinished:
            # 50 times 3 MB, of which the server keeps nothing.
            with contextlib.suppress(OSError):
                connection.settimeout(2)
                connection.sendall(b"a" * 3_000_000)
        assert still_answers(server)
        assert peak_megabytes(server) - before < 40
    finally:
        for connection in unfinished:
            connection.close()


def test_as_many_headers_as_are_allowed_are_read(server):
    lines = b"".join(b"x-%d: 1\r\n" % n for n in range(126))

    allowed = send_raw(server, HEAD + lines + b"Connection: close\r\n\r\n")
    refused = send_raw(server, HEAD + lines + b"x: 1\r\nConnection: close\r\n\r\n")

    assert allowed.startswith(b"HTTP/1.1 200 ")
    assert problem_in(refused) == (431, "headers-too-large")


CHUNKED = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "rest",
    [
        b"1\r\nx\r\n0\r\n" + b"a:b\r\n" * 400_000,
        b"1\r\nx\r\n0\r\na: " + b"b" * 2_000_000,
        b"1;" + b"x" * 2_000_000,
    ],
    ids=["many trailers", "a long trailer", "a long extension"],
)
def test_what_stands_around_a_body_is_bounded_as_well(server, rest):
    with opened(server, CHUNKED) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(rest)
        assert problem_in(rest_of(connection)) == (431, "headers-too-large")
    assert still_answers(server)


def test_a_body_of_many_small_chunks_is_read(server):
    head = CHUNKED.replace(b"Transfer", b"Connection: close\r\nTransfer")

    with opened(server, head + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n") as connection:
        assert b'"size": 50000' in rest_of(connection)


def test_requests_sent_before_any_answer_are_few(server):
    with opened(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall((HEAD + b"\r\n") * 20_000)
        answered = rest_of(connection).count(b"HTTP/1.1 200 ")

    assert 1 <= answered <= 20
    assert still_answers(server)


def test_what_is_no_request_is_answered_once(server):
    with opened(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20) as connection:
        assert problem_in(rest_of(connection)) == (400, "malformed")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /ws HTTP/1.1\r\nCookie: " + b"a" * 9_000 + b"\r\n",
        b"GET /ws?" + b"a" * 9_000 + b" HTTP/1.1\r\n",
    ],
    ids=["a long header", "a long address"],
)
def test_a_handshake_that_cannot_be_read_is_told_so(server, head):
    rest = (
        b"Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
    )

    with opened(server, head + rest) as connection:
        assert problem_in(rest_of(connection)) == (400, "malformed")


def test_a_handshake_past_the_limit_is_431(server):
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"

    with opened(server, HEAD + upgrade) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"cookie:a\r\n" * 100_000)
        assert problem_in(rest_of(connection)) == (431, "headers-too-large")


def test_a_socket_outlives_the_deadlines_of_requests(hurried):
    with opened(hurried) as connection:
        connection.sendall(HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
        # Sent in two pieces, as the network may.
        connection.sendall(
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")


# --- Time ---------------------------------------------------------------------------------------


def test_whoever_says_nothing_is_not_waited_for(hurried):
    begun = time.monotonic()

    with opened(hurried) as connection:
        assert rest_of(connection) == b""

    assert 1 < time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("first", "drop"), [(b"GET /", b"x"), (b"", b"\r\n"), (HEAD, b"x"), (HEAD, b"a:b\r\n")]
)
def test_a_head_that_drips_is_408(hurried, first, drop):
    begun = time.monotonic()
    with opened(hurried, first) as connection:
        answer = dripped(connection, drop)

    assert problem_in(answer) == (408, "request-timeout")
    assert 1.5 < time.monotonic() - begun < 10


def dripped(connection: socket.socket, drop: bytes = b"x") -> bytes:
    """Return all that comes back once so little was sent again and again."""
    connection.settimeout(0.3)
    for _ in range(60):
        with contextlib.suppress(TimeoutError):
            if first := connection.recv(65_536):
                connection.settimeout(20)
                return first + rest_of(connection)
            raise AssertionError("It ended without an answer.")
        connection.sendall(drop)
    raise AssertionError("It is still open.")


def test_a_body_that_drips_is_408_however_it_goes_on(hurried):
    with opened(hurried, b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99") as drip:
        drip.sendall(b"\r\n\r\n")
        assert problem_in(dripped(drip)) == (408, "body-timeout")


def test_a_body_that_nobody_wants_any_more_has_a_deadline_too(hurried):
    refused = b"POST /echo?a=%00 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999\r\n\r\n"
    with opened(hurried, refused) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")
        begun = time.monotonic()
        connection.settimeout(0.3)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begun < 15:
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(65_536):
                        break
                connection.sendall(b"x")

    assert time.monotonic() - begun < 10


def test_a_large_body_has_the_more_time(hurried):
    def slowly():
        for _ in range(8):
            time.sleep(0.5)
            yield b"x" * 10_000

    # Four seconds, where two and one for each 10 kB are allowed.
    assert requests.post(f"{hurried.url}/echo", data=slowly(), timeout=20).json()["size"] == 80_000


def test_whoever_does_not_take_the_answer_is_not_waited_for(hurried):
    before = descriptors(hurried)
    unread = []
    for _ in range(5):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", hurried.port))
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        unread.append(connection)
    try:
        deadline = time.monotonic() + 20
        time.sleep(1)
        while descriptors(hurried) > before and time.monotonic() < deadline:
            time.sleep(0.2)
        assert descriptors(hurried) <= before
    finally:
        for connection in unread:
            connection.close()


# --- Connections --------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [b"", HEAD], ids=["silent", "dripping"])
def test_more_callers_than_descriptors_leave_others_served(edge_server, first):
    server = edge_server(*FEW_DESCRIPTORS)
    waiting = [opened(server, first) for _ in range(400)]
    try:
        for path in ["/healthz", "/x"] * 5:
            answer = requests.get(f"{server.url}{path}", timeout=5)
            assert answer.status_code == 200
        assert descriptors(server) < 256
        assert "All 96 connections of this process are in use" in server.log()
    finally:
        for connection in waiting:
            connection.close()


def test_a_newcomer_is_told_to_come_back_where_all_are_busy(edge_server):
    server = edge_server(*FEW_DESCRIPTORS)
    body = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nx"
    busy = [opened(server, body) for _ in range(96)]
    try:
        time.sleep(0.5)
        answer = requests.get(f"{server.url}/x", timeout=5)

        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "5"
        assert server.log().count("are in use") == 1
    finally:
        for connection in busy:
            connection.close()
    time.sleep(0.5)
    assert still_answers(server)


def test_an_open_socket_counts_and_is_not_pushed_out(edge_server):
    server = edge_server(*FEW_DESCRIPTORS)
    socket_url = f"ws://127.0.0.1:{server.port}/ws/"
    waiting = [opened(server) for _ in range(120)]
    try:
        with connect(socket_url, open_timeout=10) as client:
            assert client.response.status_code == 101
    finally:
        for connection in waiting:
            connection.close()


def test_many_at_once_on_kept_connections_are_all_answered(server):
    def call() -> None:
        with requests.Session() as session:
            for _ in range(20):
                statuses.append(session.get(f"{server.url}/constant", timeout=20).status_code)

    statuses: list[int] = []
    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 200


# --- Another server -----------------------------------------------------------------------------


def test_a_server_without_these_limits_says_so_once(tmp_path):
    port = free_port()
    command = ["-m", "uvicorn", "tests.edge.inner:application", "--port", str(port)]
    plain = Process([sys.executable, *command], {}, tmp_path / "log", port)
    plain.start()
    try:
        for _ in range(3):
            assert requests.get(f"{plain.url}/readyz", timeout=20).json()["limits"] == "missing"
        assert plain.log().count("start it by python -m weiyu_site.serve") == 1
    finally:
        plain.stop()


def test_our_own_server_has_them(server):
    assert "limits" not in requests.get(f"{server.url}/readyz", timeout=20).json()
    assert "start it by" not in server.log()


def test_what_stands_behind_a_body_is_no_header(server):
    """Proxies judge the head alone; a trailer must not say who the caller is."""
    trailers = b"0\r\nCookie: a=b\r\nOrigin: https://listed.example\r\nX-Behind: 1\r\n\r\n"
    head = CHUNKED.replace(b"Transfer", b"Connection: close\r\nTransfer")

    with opened(server, head + b"1\r\nx\r\n" + trailers) as connection:
        answer = rest_of(connection)

    environ = json.loads(answer.partition(b"\r\n\r\n")[2])["environ"]
    assert not environ.keys() & {"HTTP_COOKIE", "HTTP_ORIGIN", "HTTP_X_BEHIND"}
