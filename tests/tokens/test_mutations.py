"""Ten thousand bent tokens: none is accepted, none breaks anything, none asks the database."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from tests import people
from tests.server import Weiyu
from tests.tokens.mutations import WAYS, mutations
from tokens.errors import Refused
from tokens.verification.call import Call
from tokens.verification.verify import verify

COUNT = 10_000
FROM_ONE_ADDRESS = 25  # fewer than are answered with 429


def test_no_bent_token_is_accepted_and_none_costs_a_query(carol, issue, django_assert_num_queries):
    _, secret = issue(carol)
    accepted, causes = [], Counter()

    with django_assert_num_queries(0):
        for way, bent in mutations(secret, count=5000, seed=1):
            try:
                verify(bent, Call("api", "203.0.113.9"))
            except Refused as refusal:
                causes[refusal.cause] += 1
            else:
                accepted.append((way, bent))

    assert accepted == []
    assert causes == {"token-invalid": 5000}


@pytest.mark.parametrize("blank", ["\xa0", "\x85", "\x1c", "\u3000".encode().decode("latin-1")])
def test_only_blanks_of_http_may_stand_around_a_token(carol, issue, client, blank):
    _, secret = issue(carol)

    for value in (f"Bearer {secret}{blank}", f"Bearer {blank}{secret}", f"{blank}Bearer {secret}"):
        call = client.get("/api/user/profile", headers={"Authorization": value})
        assert (call.status_code, call.json()["code"][:5]) == (401, "token")
    good = client.get("/api/user/profile", headers={"Authorization": f" Bearer \t{secret} \t"})
    assert good.status_code == 200


def test_whole_calls_with_bent_tokens_cost_no_query_either(
    carol, issue, client, django_assert_num_queries
):
    _, secret = issue(carol)
    bent = [
        bent
        for _, bent in mutations(secret, count=320, seed=2)
        if bent.isascii() and bent.isprintable()
    ]

    with django_assert_num_queries(0):
        for number, token in enumerate(bent):
            block = number // FROM_ONE_ADDRESS
            call = client.get(
                "/api/tickets/list",
                headers={"Authorization": f"Bearer {token}"},
                REMOTE_ADDR=f"198.18.0.{block}",
            )
            assert call.status_code in {400, 401}, token
            page = client.get(
                "/agent/auth/login", {"accessToken": token}, REMOTE_ADDR=f"198.18.1.{block}"
            )
            assert page.status_code in {400, 401}, token


class Caller:
    """A program that keeps one connection open and says which address it calls from."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def call(self, number: int, token: str) -> tuple[int, str]:
        """Return the status and, where there is one, the code of the problem."""
        high, low = divmod(number // FROM_ONE_ADDRESS, 250)
        headers = {"X-Forwarded-For": f"198.18.{high}.{low}", "Accept": "application/json"}
        path = "/api/tickets/list"
        if number % 2 or set(token) & set("\r\n\0"):  # no client sends those in a header
            room = "admin" if number % 4 == 1 else "agent"
            path = f"/{room}/auth/login?accessToken={quote(token, safe='')}"
        else:
            headers["Authorization"] = b"Bearer " + token.encode()
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.getheader("Set-Cookie") is None, token
        assert len(token) < 20 or token.encode() not in body, token
        return answer.status, json.loads(body)["code"] if answer.status > 399 else ""


def calls_in_turn(url: str, bent: list[tuple[int, str]]) -> list[tuple[int, str]]:
    caller = Caller(url)
    with contextlib.closing(caller.connection):
        return [caller.call(number, token) for number, token in bent]


@pytest.mark.server
@pytest.mark.once
def test_ten_thousand_bent_tokens_against_a_running_server(serving, tmp_path):
    with serving(tmp_path, {"WEIYU_TRUSTED_PROXIES": "127.0.0.1"}) as weiyu:
        secret = weiyu.issue(people.ADMINISTRATOR)
        unread = tokens_read(weiyu)
        assert calls_in_turn(weiyu.url, [(0, secret)]) == [(200, "")]
        read = tokens_read(weiyu)
        ways, bent = zip(*mutations(secret, count=COUNT, seed=3), strict=True)
        sent = list(enumerate(bent))

        with ThreadPoolExecutor(4) as pool:
            parts = pool.map(calls_in_turn, [weiyu.url] * 4, [sent[first::4] for first in range(4)])
            answers = Counter(answer for part in parts for answer in part)

        assert answers == {(401, "token-invalid"): COUNT}
        assert set(ways) == set(WAYS)
        assert "Traceback" not in weiyu.log()
        assert tokens_read(weiyu) == read
        assert read > unread or not is_counted(weiyu)


def is_counted(weiyu: Weiyu) -> bool:
    return weiyu.env["WEIYU_DATABASE_URL"].startswith("postgres")


def tokens_read(weiyu: Weiyu) -> int:
    """Return how often anybody has looked into the table of tokens; only PostgreSQL counts."""
    if not is_counted(weiyu):
        return 0
    weiyu.restart()  # a connection that ends hands in all its figures
    with psycopg.connect(weiyu.env["WEIYU_DATABASE_URL"]) as connection:
        found = connection.execute(
            "SELECT seq_scan + idx_scan FROM pg_stat_user_tables"
            " WHERE relname = 'tokens_accesstoken'"
        ).fetchone()
    return int(found[0])
