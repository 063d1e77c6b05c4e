"""The clients that the guide names, as people write them, against the real server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import requests

from tests import people
from tests.server import Weiyu

# On SQLite, as a server on its own runs; other servers of the tests have what a production has.
pytestmark = [pytest.mark.server, pytest.mark.once]
HERE = Path(__file__).parent
NEW_TICKET = {"title": "The printer is on fire", "content": "Again.", "priority": "medium"}
KINDS_OF_BAD_TOKEN = ("", "x", "eyJhbGciOiJIUzM4NCJ9.e30.AAAA")


def run_curl(*arguments: str) -> tuple[int, str]:
    """Return the status and body that curl got."""
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", *arguments],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def run_node(node: str, program: str, desk: Weiyu, token: str) -> dict:
    done = subprocess.run(
        [node, HERE / program],
        env={**os.environ, "WEIYU_URL": desk.url, "WEIYU_TOKEN": token},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_curl_lists_creates_and_reads_the_profile(desk, secret):
    bearer = ["-H", f"Authorization: Bearer {secret}", "-H", "Content-Type: application/json"]

    created = run_curl(
        "-X", "POST", f"{desk.url}/api/tickets/create", *bearer, "-d", json.dumps(NEW_TICKET)
    )
    listed = run_curl("-X", "GET", f"{desk.url}/api/tickets/list", *bearer)
    profile = run_curl("-X", "GET", f"{desk.url}/api/user/profile", *bearer)

    assert (created[0], listed[0], profile[0]) == (200, 200, 200)
    assert isinstance(json.loads(listed[1]), list)
    assert json.loads(created[1])["id"] in [ticket["id"] for ticket in json.loads(listed[1])]
    assert json.loads(profile[1])["username"] == people.ADMINISTRATOR


def test_requests_goes_through_the_life_of_a_ticket(desk, secret):
    """A client that takes every status but 200 for an error and parses every body."""

    def call(endpoint: str, method: str = "GET", data: dict | None = None) -> object:
        answer = requests.request(
            method,
            f"{desk.url}/api/{endpoint}",
            headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
            json=data,
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    ticket = call("tickets/create", "POST", NEW_TICKET)
    changed = call(f"tickets/{ticket['id']}", "PUT", {"title": "It is out"})
    deleted = call(f"tickets/{ticket['id']}", "DELETE")
    listed = call("tickets/list")

    assert (changed["title"], changed["content"]) == ("It is out", NEW_TICKET["content"])
    assert deleted["id"] == ticket["id"]
    assert isinstance(listed, list)
    assert ticket["id"] not in [row["id"] for row in listed]


def test_axios_with_interceptors_does_the_same(desk, secret, node):
    seen = run_node(node, "axios_client.mjs", desk, secret)

    assert seen["listed"] is True
    assert seen["titles"] == ["New", "Newer", "Newer"]
    assert seen["profile"] == people.ADMINISTRATOR
    assert seen["loggedOut"] is False


def test_axios_logs_out_on_a_bad_token_and_only_then(desk, node):
    refused = run_node(node, "axios_client.mjs", desk, "not-a-token-at-all")
    weak = desk.issue(people.ADMINISTRATOR, scope=["users:read"])
    denied = run_node(node, "axios_client.mjs", desk, weak)

    assert (refused["status"], refused["loggedOut"]) == (401, True)
    assert (denied["status"], denied["loggedOut"]) == (403, False)


def test_fetch_reads_lists_and_errors(desk, secret, node):
    good = run_node(node, "fetch_client.mjs", desk, secret)
    bad = run_node(node, "fetch_client.mjs", desk, "not-a-token-at-all")

    assert good["tickets/list"]["isArray"] is True
    assert good["user/profile"]["status"] == 200
    assert bad["tickets/list"] == {"status": 401, "code": "token-invalid", "isArray": False}


@pytest.mark.parametrize("token", KINDS_OF_BAD_TOKEN)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_bad_token_is_401_and_readable_from_another_origin(desk, token, method):
    answer = requests.request(
        method,
        f"{desk.url}/api/tickets/{'create' if method == 'POST' else '1'}",
        headers={"Authorization": f"Bearer {token}", "Origin": "https://shop.example.com"},
        timeout=10,
    )

    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="api"')
    assert answer.json()["code"] == "token-invalid"


def test_a_page_of_another_domain_is_403_not_401(desk):
    token = desk.issue(people.ADMINISTRATOR, domain=["crm.example.com"])

    answers = [
        requests.get(
            f"{desk.url}/api/tickets/list",
            headers={"Authorization": f"Bearer {token}", **headers},
            timeout=10,
        )
        for headers in (
            {"Origin": "https://crm.example.com"},
            {"Origin": "https://shop.example.com"},
            {},
        )
    ]

    assert [answer.status_code for answer in answers] == [200, 403, 403]
    assert answers[1].json()["code"] == "domain-not-allowed"
    assert answers[1].headers["Access-Control-Allow-Origin"] == "*"


def test_a_preflight_needs_no_token(desk):
    answer = requests.options(
        f"{desk.url}/api/tickets/1",
        headers={
            "Origin": "https://shop.example.com",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
        timeout=10,
    )

    assert answer.status_code == 200
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]


def test_a_disabled_token_is_401_on_the_very_next_call(desk):
    token = desk.issue(people.ADMINISTRATOR)
    headers = {"Authorization": f"bearer {token}"}
    before = requests.get(f"{desk.url}/api/user/profile", headers=headers, timeout=10)

    desk.manage("disable_access_token", "--hint", token[-6:])
    after = requests.get(f"{desk.url}/api/user/profile", headers=headers, timeout=10)

    assert (before.status_code, after.status_code) == (200, 401)
    assert after.json()["code"] == "token-disabled"


def test_two_credentials_in_one_call_are_refused(desk, secret):
    status, body = run_curl(
        f"{desk.url}/api/user/profile",
        "-H", f"Authorization: Bearer {secret}",
        "-H", f"Authorization: Bearer {secret}",
    )  # fmt: skip

    assert status == 400
    assert json.loads(body)["status"] == 400


def test_a_body_that_comes_in_chunks_arrives_whole(desk, secret):
    content = "All of it. " * 4000
    body = json.dumps({"title": "In chunks", "content": content}).encode()

    answer = requests.post(
        f"{desk.url}/api/tickets/create",
        data=(body[start : start + 1000] for start in range(0, len(body), 1000)),
        headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
        timeout=20,
    )

    assert answer.request.headers["Transfer-Encoding"] == "chunked"
    assert (answer.status_code, answer.json()["content"]) == (200, content)
