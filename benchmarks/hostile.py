"""Attack the real server, and print what others waited meanwhile: `python -m benchmarks.hostile`.

Each attack is one function below, marked with `@attack("what it does")`. It gets the server and
may do what it likes for as long as it likes, but should end when `target.is_over()`. To try what
needs a person, take `target.token`, an AccessToken of the demo's administrator.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import servers

AIM = 1.0  # seconds
DESCRIPTORS = 256
PAGES = ("/healthz", "/agent/login")
PATIENCE = 120.0


@dataclass
class Target:
    port: int
    token: str
    ends_at: float = field(default=0.0)

    def is_over(self) -> bool:
        return time.monotonic() > self.ends_at

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def send(self, *pieces: bytes) -> bytes:
        """Send these bytes on one connection and return the first that come back."""
        with contextlib.suppress(OSError), self.connect() as connection:
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    connection.sendall(piece)
            return connection.recv(65_536)
        return b""

    def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        """Make one call with the token and return its status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            headers = {"Content-Type": "application/json", **headers}
            headers["Authorization"] = f"Bearer {self.token}"
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status


Attack = Callable[[Target], object]
ATTACKS: dict[str, Attack] = {}


def attack(name: str) -> Callable[[Attack], Attack]:
    def kept(function: Attack) -> Attack:
        ATTACKS[name] = function
        return function

    return kept


# --- Without a login ------------------------------------------------------------------------------

HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@attack("60,000 blanks in a Content-Type")
def blanks(target: Target) -> None:
    target.send(HEAD, b"Content-Type: a;charset" + b" " * 60_000 + b"x\r\n\r\n")


@attack("2 MB of repeated Cookie headers")
def cookies(target: Target) -> None:
    target.send(HEAD, b"cookie:a\r\n" * 200_000, b"\r\n")


@attack("6 MB of short headers")
def short_headers(target: Target) -> None:
    target.send(HEAD, b"a:b\r\n" * 1_200_000, b"\r\n")


@attack("150 MB of a header without end")
def endless_header(target: Target) -> None:
    target.send(HEAD, b"x: ", *([b"a" * 1_000_000] * 150))


@attack("150 MB of trailers behind a body")
def endless_trailer(target: Target) -> None:
    head = b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    target.send(head, b"1\r\nx\r\n0\r\na: ", *([b"a" * 1_000_000] * 150))


@attack("20,000 requests before the first answer")
def pipelined(target: Target) -> None:
    target.send((HEAD + b"\r\n") * 20_000)


@attack("60 kB of a Referer that hides addresses in addresses")
def referer(target: Target) -> None:
    target.send(HEAD, b"Referer: /?" + b"amp;" * 15_000 + b"%" * 1000 + b"\r\n\r\n")


@attack("400 silent connections")
def silent(target: Target) -> None:
    _hold(target, b"")


@attack("400 heads that drip")
def dripping_heads(target: Target) -> None:
    _hold(target, HEAD, b"x")


@attack("90 bodies that drip")
def dripping_bodies(target: Target) -> None:
    head = b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999\r\n\r\n"
    _hold(target, head, b"x", many=90)


@attack("90 answers that nobody takes")
def unread(target: Target) -> None:
    request = b"GET /api/schema HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    _hold(target, request, many=90)


def _hold(target: Target, first: bytes, more: bytes = b"", *, many: int = 400) -> None:
    """Keep connections open as long as the attack lasts."""
    held = []
    for _ in range(many):
        connection = target.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        held.append(connection)
        with contextlib.suppress(OSError):
            connection.sendall(first)
    while not target.is_over():
        time.sleep(1)
        for connection in held:
            with contextlib.suppress(OSError):
                connection.sendall(more)
    for connection in held:
        connection.close()


# --- The measurement ------------------------------------------------------------------------------


def waited(target: Target, path: str) -> float:
    """Return how long one call took, or as long as we waited in vain."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except OSError as error:
        raise SystemExit(f"GET {path} failed: {error!r}") from error
    finally:
        connection.close()
    if status != 200:
        raise SystemExit(f"GET {path} was answered {status}.")
    return time.monotonic() - begun


def longest_waits(target: Target, run: Attack, seconds: float) -> list[float]:
    """Return for each page the longest that anybody waited while the attack went on."""
    target.ends_at = time.monotonic() + seconds
    attacking = threading.Thread(target=run, args=[target], daemon=True)
    attacking.start()

    def worst(path: str) -> float:
        longest = 0.0
        while attacking.is_alive() or not target.is_over():
            longest = max(longest, waited(target, path))
            time.sleep(0.02)
        return longest

    with ThreadPoolExecutor(len(PAGES)) as threads:
        return list(threads.map(worst, PAGES))


@contextlib.contextmanager
def serving() -> Iterator[Target]:
    """Start a site with the demo's people, few descriptors and one worker."""
    with tempfile.TemporaryDirectory() as folder, servers.database("sqlite", Path(folder)) as url:
        environment = servers.environment(Path(folder), url)
        for command in (["migrate"], ["collectstatic", "--noinput"], ["seed_demo"]):
            servers.run(environment, "manage.py", *command, "--verbosity", "0")
        words = ["--user", "admin@email.com", "--name", "hostile"]
        token = servers.run(environment, "manage.py", "issue_access_token", *words).strip()
        port = servers.free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "weiyu_site.serve", "--port", str(port)],
            cwd=servers.ROOT,
            env=environment,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS,) * 2),
        )
        try:
            servers.wait_until_it_answers(process, f"http://127.0.0.1:{port}/healthz")
            target = Target(port, token)
            for path in (*PAGES, "/api/schema"):
                # What is made once in a process is made before.
                target.call("GET", path)
            yield target
        finally:
            process.terminate()
            process.wait(30)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="how long an attack may last")
    parser.add_argument("--only", default="", help="only attacks whose name holds this text")
    given = parser.parse_args()
    chosen = {name: run for name, run in ATTACKS.items() if given.only in name}
    is_good = True
    with serving() as target:
        print(f"{'':56}" + "".join(f"{page:>14}" for page in PAGES))
        for name, run in {"nothing": lambda _: None, **chosen}.items():
            waits = longest_waits(target, run, given.seconds)
            is_good = is_good and max(waits) <= AIM
            print(f"{name:56}" + "".join(f"{wait:12.2f} s" for wait in waits), flush=True)
    print(f"The longest that anybody waited. The aim is {AIM:.0f} s at most: ", end="")
    print("reached." if is_good else "missed.")
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
