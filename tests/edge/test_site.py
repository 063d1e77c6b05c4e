"""The edge before the whole site, as `make run` and the production command start it."""

from __future__ import annotations

import re
import socket
import time

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests import people
from tests.edge.conftest import send_raw

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


@pytest.mark.parametrize("charset", ["rot13", '"Base64"', "PUNYCODE", "idna", "undefined", "zlib"])
@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
@pytest.mark.parametrize(
    "path", ["/api/user/profile?a=b", "/agent/login?next=/agent/", "/admin/login/"]
)
def test_a_charset_that_is_none_is_415(weiyu, path, media_type, charset):
    headers = {"Content-Type": f"{media_type}; charset={charset}"}

    for method in ("GET", "POST"):
        url = f"{weiyu.url}{path}"
        answer = requests.request(method, url, headers=headers, data="a=b", timeout=30)

        assert (answer.status_code, answer.json()["code"]) == (415, "charset-unsupported")


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


LONG_TICKETS = f"""
from accounts.actor import Actor
from accounts.models import User
from tickets.models import Ticket
admin = User.objects.get(username={people.ADMINISTRATOR!r})
ticket = Ticket.objects.open_for(by=Actor(admin), title="Long", content="x" * 20_000)
Ticket.objects.bulk_create(
    (Ticket(title="Long", content=ticket.content, requester=admin) for _ in range(200)),
    batch_size=50,
)
"""


def test_slow_downloads_leave_health_and_lists_answering(weiyu):
    weiyu.manage("shell", "--no-imports", "-c", LONG_TICKETS)
    bearer = f"Authorization: Bearer {weiyu.issue(people.ADMINISTRATOR)}"
    request = f"GET /api/tickets/list?limit=200 HTTP/1.1\r\nHost: 127.0.0.1\r\n{bearer}\r\n\r\n"
    slow: list[socket.socket] = []
    try:
        for _ in range(20):
            download = socket.socket()
            download.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            download.settimeout(60)
            download.connect(("127.0.0.1", weiyu.port))
            download.sendall(request.encode())
            slow.append(download)
        # All have begun, so each has had its thread.
        for download in slow:
            assert download.recv(12) == b"HTTP/1.1 200"
        name, _, value = bearer.partition(": ")
        for path in ("/healthz", "/api/tickets/list?limit=5", "/admin/login/"):
            answer = requests.get(f"{weiyu.url}{path}", headers={name: value}, timeout=9)
            assert answer.status_code == 200
    finally:
        for download in slow:
            download.close()


def test_forged_proxy_headers_change_nothing(weiyu):
    token = weiyu.issue(people.ADMINISTRATOR)
    forged = {
        "X-Forwarded-For": "203.0.113.9", "X_Forwarded_For": "203.0.113.9",
        "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.9;host=evil.example;proto=https", "X-Real-IP": "203.0.113.9",
    }  # fmt: skip

    answer = requests.get(
        f"{weiyu.url}/agent/auth/login?accessToken={token}",
        headers=forged, allow_redirects=False, timeout=30,
    )  # fmt: skip

    assert answer.status_code == 303
    assert "evil.example" not in repr(answer.headers)
    assert "secure" not in answer.headers["Set-Cookie"].lower()
    last_use = (
        "from tokens.models import AccessToken;"
        "print(AccessToken.objects.latest('id').last_used_address)"
    )
    assert weiyu.manage("shell", "--no-imports", "-c", last_use).strip() == "127.0.0.1"


@pytest.mark.parametrize("name", ["Host", "Authorization", "Origin", "Referer"])
def test_a_doubled_header_is_refused_and_nothing_is_written(weiyu, name):
    token = weiyu.issue(people.ADMINISTRATOR)
    values = {"Host": "127.0.0.1", "Authorization": f"Bearer {token}"}
    lines = [f"{key}: {value}" for key, value in values.items()]
    lines += [f"{name}: {values.get(name, 'http://a.example')}"] * (1 if name in values else 2)
    body = '{"title": "Twice"}'
    head = ["POST /api/tickets/create HTTP/1.1", *lines, "Content-Type: application/json"]
    request = "\r\n".join([*head, f"Content-Length: {len(body)}", "Connection: close", "", body])

    answer = send_raw(weiyu, request.encode())

    assert answer.startswith(b"HTTP/1.1 400 ")
    found = requests.get(
        f"{weiyu.url}/api/tickets/list?search=Twice",
        headers={"Authorization": values["Authorization"]}, timeout=30,
    )  # fmt: skip
    assert found.json() == []


@pytest.mark.parametrize("path", ["/api/tickets/list", "/agent/login"])
def test_a_foreign_host_is_one_short_warning(weiyu, path):
    before = len(weiyu.log())

    answer = requests.get(f"{weiyu.url}{path}", headers={"Host": "evil.example"}, timeout=30)

    assert answer.status_code == 400
    lines = weiyu.log()[before:].splitlines()
    warned, noted = (line for line in lines if answer.headers["x-request-id"] in line)
    assert " WARNING " in warned
    assert "Invalid HTTP_HOST header: 'evil.example'" in warned
    assert "Traceback" not in warned
    assert len(warned) < 300
    assert " INFO " in noted


@pytest.mark.parametrize(
    ("path", "status"),
    [("//api/user/profile", 401), ("/agent/login/", 200), ("/agent//login/?next=/agent/", 200)],
)
def test_slashes_too_many_are_answered(weiyu, path, status):
    lines = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"

    assert send_raw(weiyu, lines.encode()).startswith(f"HTTP/1.1 {status} ".encode())
