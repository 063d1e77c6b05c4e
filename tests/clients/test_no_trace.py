"""A token that was used in every way is afterwards found nowhere on the server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import psycopg
import pytest
import requests

from tests import people
from tests.server import Weiyu

pytestmark = pytest.mark.server

SPELLINGS = (
    "accessToken={}",
    "ACCESSTOKEN={}",
    "a%63cessToken={}",
    "amp;accessToken={}",
    "x=1&amp;accessToken={}&y=2",
    "access_token={}",
    "token={}",
    "next=/agent/?accessToken={}",
    "q={}",
)


@pytest.fixture(scope="module", params=["false", "true"], ids=["plain", "debug"])
def crashing(request, serving, tmp_path_factory) -> Iterator[Weiyu]:
    env = {"DJANGO_SETTINGS_MODULE": "tests.crashing", "WEIYU_DEBUG": request.param}
    with serving(tmp_path_factory.mktemp("trace"), env) as running:
        yield running


def use_everywhere(weiyu: Weiyu, token: str) -> list[requests.Response]:
    """Use a token in all the ways that people, programs and mistakes use one."""
    answers = []
    with requests.Session() as browser:
        for room in ("agent", "admin", "agent/crash", "no-such-page"):
            for spelling in SPELLINGS:
                url = f"{weiyu.url}/{room}/auth/login?{spelling.format(token)}"
                answers.append(browser.get(url, timeout=20))
        for path in ("agent/auth/login", "agent/crash/auth/login", "agent/login"):
            answers.append(
                browser.post(f"{weiyu.url}/{path}", data={"accessToken": token}, timeout=20)
            )
    bearer = {"Authorization": f"Bearer {token}"}
    referer = {**bearer, "Referer": f"{weiyu.url}/agent/auth/login?accessToken={token}"}
    for path in ("user/profile", "tickets/list", "crash", f"nothing/{token}", f"tickets/{token}"):
        answers.append(requests.get(f"{weiyu.url}/api/{path}", headers=referer, timeout=20))
    answers.append(requests.get(f"{weiyu.url}/api/crash", headers=bearer, timeout=20))
    for path in (f"agent/{token}", f"{token}/", f"admin/{token}", f"static/{token}"):
        answers.append(requests.get(f"{weiyu.url}/{path}", headers=referer, timeout=20))
    _send_raw(weiyu, f"GET /agent/auth/login?accessToken={token} HTTP/1.1\r\nHost: evil\r\n\r\n")
    _send_raw(weiyu, f"BREW /{token} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return answers


def _send_raw(weiyu: Weiyu, request: str) -> None:
    with socket.create_connection(("127.0.0.1", weiyu.port), timeout=5) as connection:
        connection.sendall(request.encode())
        connection.recv(1000)


def stored(weiyu: Weiyu) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the data directory and every row of the database."""
    for path in Path(weiyu.data_dir).rglob("*"):
        if path.is_file() and "static" not in path.relative_to(weiyu.data_dir).parts:
            yield str(path), path.read_bytes()
    url = weiyu.env["WEIYU_DATABASE_URL"]
    if not url.startswith("postgres"):
        return
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            yield table, repr(rows).encode()


def decoded_mails(weiyu: Weiyu) -> Iterator[tuple[str, bytes]]:
    """Yield the parts of every mail as people read them, without the folding of long lines."""
    for path in (weiyu.data_dir / "mails").iterdir():
        for part in message_from_bytes(path.read_bytes()).walk():
            if not part.is_multipart():
                yield f"{path} {part.get_content_type()}", part.get_payload(decode=True)


def opened_sessions(weiyu: Weiyu) -> bytes:
    """Return what the sessions hold; in their rows it is packed and encoded."""
    return weiyu.manage("shell", "--no-imports", "-c", OPENED_SESSIONS).encode()


OPENED_SESSIONS = """
from importlib import import_module
from django.conf import settings
store = import_module(settings.SESSION_ENGINE).SessionStore
for row in store.get_model_class().objects.all():
    print("a session:", row.get_decoded())
"""


def test_a_used_token_is_found_nowhere(crashing):
    token = crashing.issue(people.ADMINISTRATOR)
    signature = token.rpartition(".")[2]

    answers = use_everywhere(crashing, token)

    assert {answer.status_code for answer in answers} >= {200, 404, 500}
    assert crashing.log().count("as tested") >= 4
    mails = list((crashing.data_dir / "mails").iterdir())
    assert mails
    for answer in answers:
        shown = f"{answer.url if answer.history else ''}{answer.headers}{answer.text}"
        assert signature not in shown, answer.request.url[:80]
    sessions = opened_sessions(crashing)
    assert sessions.count(b"a session:") >= 1
    assert signature.encode() not in sessions
    for place, content in [*stored(crashing), *decoded_mails(crashing)]:
        assert signature.encode() not in content, place
