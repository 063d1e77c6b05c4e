"""Redis stops, hangs and comes back: calls go on, nothing becomes unlimited, and it is told."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from configuration.declared import SETTINGS
from tests import people
from tests.own_services import OwnRedis, own_redis
from tests.server import Weiyu

pytestmark = [pytest.mark.server, pytest.mark.redis]

WRONG = {"Authorization": "Bearer wrong"}
LIMIT = SETTINGS["failed_credentials_per_minute"].default
# A call that hangs; none comes near.
SIGN_OF_LIFE = 10
AWAYS = {"stopped": (OwnRedis.stop, OwnRedis.start), "hung": (OwnRedis.hang, OwnRedis.go_on)}


@pytest.fixture(scope="module")
def redis_server() -> Iterator[OwnRedis]:
    with own_redis() as server:
        yield server


@pytest.fixture(scope="module")
def desk(serving, redis_server, tmp_path_factory) -> Iterator[Weiyu]:
    with serving(tmp_path_factory.mktemp("weiyu"), {"WEIYU_REDIS_URL": redis_server.url}) as desk:
        yield desk


@pytest.fixture(scope="module")
def good(desk) -> dict[str, str]:
    return {"Authorization": f"Bearer {desk.issue(people.ADMINISTRATOR)}"}


def call(desk: Weiyu, headers: dict[str, str], path: str = "/api/tickets/list") -> int:
    return requests.get(desk.url + path, headers=headers, timeout=SIGN_OF_LIFE).status_code


def readyz(desk: Weiyu) -> dict[str, str]:
    return requests.get(f"{desk.url}/readyz", timeout=SIGN_OF_LIFE).json()["checks"]


def wait_until_ready(desk: Weiyu) -> None:
    deadline = time.monotonic() + 60
    while readyz(desk)["channel_layer"] != "ok":
        assert time.monotonic() < deadline
        time.sleep(0.2)


def until_it_is_limited(desk: Weiyu) -> list[int]:
    """Send wrong credentials until 429, in this minute or in the next."""
    statuses = []
    while 429 not in statuses and len(statuses) < 5 * LIMIT:
        statuses.append(call(desk, WRONG))
    return statuses


@pytest.mark.parametrize("away", AWAYS)
def test_calls_go_on_and_wrong_credentials_are_still_counted(away, desk, good, redis_server):
    leave, come_back = AWAYS[away]
    assert (call(desk, good), readyz(desk)["channel_layer"]) == (200, "ok")
    logged = len(desk.log())

    leave(redis_server)
    statuses = [call(desk, good) for _ in range(10)]
    wrong = until_it_is_limited(desk)
    # It looks once a second at most, and may have looked just before.
    time.sleep(1.1)
    verdict = readyz(desk)

    assert statuses == [200] * 10
    assert 429 in wrong
    assert set(wrong) <= {401, 429}
    assert call(desk, good) == 200
    assert {part for part, found in verdict.items() if found != "ok"} == {"channel_layer"}
    told = desk.log()[logged:]
    assert len(re.findall("Redis is away", told)) == 1
    assert "Traceback" not in told

    come_back(redis_server)
    wait_until_ready(desk)
    deadline = time.monotonic() + 60
    while "Redis is back" not in desk.log()[logged:]:
        assert call(desk, good) == 200
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("away", AWAYS)
def test_a_socket_is_told(away, desk, redis_server):
    leave, come_back = AWAYS[away]
    leave(redis_server)

    address = desk.url.replace("http", "ws") + "/ws/"
    with (
        connect(address, open_timeout=SIGN_OF_LIFE) as socket,
        pytest.raises(ConnectionClosed) as closed,
    ):
        socket.recv(timeout=SIGN_OF_LIFE)

    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "unavailable")
    come_back(redis_server)
    wait_until_ready(desk)


def test_wrong_passwords_lock_out_whatever_redis_does(desk, redis_server):
    redis_server.stop()

    statuses = [sign_in_wrongly(desk) for _ in range(6)]

    assert statuses[0] == 422
    assert statuses[-1] == 429
    redis_server.start()
    wait_until_ready(desk)


def sign_in_wrongly(desk: Weiyu) -> int:
    form, origin = {"username": people.AGENT, "password": "wrong"}, {"Origin": desk.url}
    address = f"{desk.url}/agent/login"
    return requests.post(address, form, headers=origin, timeout=SIGN_OF_LIFE).status_code
