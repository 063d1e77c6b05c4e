"""A client that costs little beside the server that it measures.

It keeps a connection as long as the server does. To connect anew is part of the call that needs it.
"""

from __future__ import annotations

import asyncio
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

    target: str
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
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
    """What all connections of one measurement did."""

    took: list[float] = field(default_factory=list)  # seconds of each call
    lasted: float = 0.0
    body: bytes = b""
    cpu_seconds: float = 0.0  # of the server

    @property
    def per_second(self) -> float:
        return len(self.took) / self.lasted

    @property
    def cpu_milliseconds(self) -> float:
        """Return what one call cost the server."""
        return self.cpu_seconds / len(self.took) * 1000


class Connection(asyncio.Protocol):
    """Write a request, and return the status when its answer is whole."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    async def ask(self, request: bytes) -> int:
        self.answered = asyncio.get_running_loop().create_future()
        self.parser = httptools.HttpResponseParser(self)
        self.body.clear()
        self.transport.write(request)
        return await self.answered

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        if not self.parser.should_keep_alive():
            self.transport.close()
        self.answered.set_result(self.parser.get_status_code())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_exception(Failed(f"The connection broke: {error}"))


def measure(port: int, calls: Sequence[Call], connections: int, seconds: float) -> Result:
    """Repeat the calls for some seconds, each on connections of its own."""
    return uvloop.run(_measure(port, calls, connections, seconds))


async def _measure(port: int, calls: Sequence[Call], connections: int, seconds: float) -> Result:
    result = Result()
    began = time.perf_counter()
    async with asyncio.timeout(seconds + PATIENCE):
        await asyncio.gather(
            *(
                _repeat(calls[number % len(calls)], port, began + seconds, result)
                for number in range(connections)
            )
        )
    result.lasted = time.perf_counter() - began
    return result


async def _repeat(call: Call, port: int, ends_at: float, result: Result) -> None:
    request = call.encode(port)
    connection: Connection | None = None
    now = time.perf_counter()
    try:
        while connection is None or now < ends_at:
            began = now
            if connection is None or connection.transport.is_closing():
                connection = await _connect(port)
            status = await connection.ask(request)
            now = time.perf_counter()
            result.body = b"".join(connection.body)
            if status != call.status:
                asked = request.partition(b"\r\n")[0][:120].decode()
                raise Failed(f"{asked}: {status} {result.body[:500]!r}")
            result.took.append(now - began)
    finally:
        # A loop with open ones does not end.
        if connection is not None:
            connection.transport.close()


async def _connect(port: int) -> Connection:
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(Connection, "127.0.0.1", port))[1]
