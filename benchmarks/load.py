"""A client that keeps connections open and costs little beside the server that it measures."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import httptools
import uvloop

PATIENCE = 60.0


class Failed(Exception):
    """The server answered something else than the benchmark wants to measure."""


@dataclass(frozen=True)
class Call:
    """One HTTP request, ready to be written, and the status that it must have."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    status: int = 200

    def encode(self, port: int) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body or self.method == "POST":
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass
class Result:
    per_second: float
    milliseconds: float  # the median of one call
    calls: int
    body: bytes = b""
    cpu_milliseconds: float = 0.0  # of the server, for one call


@dataclass
class Tally:
    """What all connections of one measurement did."""

    ends_at: float
    took: list[float] = field(default_factory=list)
    body: bytes = b""


class Connection(asyncio.Protocol):
    """Write the next request when the answer of the last one is whole."""

    def __init__(self, request: bytes, status: int, tally: Tally) -> None:
        self.request, self.status, self.tally = request, status, tally
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.ask()

    def ask(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.body.clear()
        self.began = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        if self.parser.get_status_code() != self.status:
            self.fail(f"{self.parser.get_status_code()} {b''.join(self.body)[:500]!r}")
            return
        self.tally.took.append(now - self.began)
        if now < self.tally.ends_at:
            # Not from inside the parser that is just ending.
            asyncio.get_running_loop().call_soon(self.ask)
            return
        self.tally.body = b"".join(self.body)
        self.transport.close()
        if not self.finished.done():
            self.finished.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.fail(f"The connection broke: {error}")

    def fail(self, reason: str) -> None:
        self.transport.close()
        if not self.finished.done():
            asked = self.request.partition(b"\r\n")[0][:120].decode()
            self.finished.set_exception(Failed(f"{asked}: {reason}"))


def measure(port: int, calls: Sequence[Call], connections: int, seconds: float) -> Result:
    """Repeat the calls for some seconds, each on connections of its own."""
    return uvloop.run(_measure(port, calls, connections, seconds))


async def _measure(port: int, calls: Sequence[Call], connections: int, seconds: float) -> Result:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    tally = Tally(ends_at=began + seconds)
    open_ones = []
    for number in range(connections):
        call = calls[number % len(calls)]
        _, protocol = await loop.create_connection(
            lambda call=call: Connection(call.encode(port), call.status, tally), "127.0.0.1", port
        )
        open_ones.append(protocol)
    async with asyncio.timeout(seconds + PATIENCE):
        await asyncio.gather(*(connection.finished for connection in open_ones))
    lasted = time.perf_counter() - began
    done = len(tally.took)
    return Result(done / lasted, statistics.median(tally.took) * 1000, done, tally.body)
