"""Collect an answer before it is sent, so that a slow reader holds no thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

# Up to here a body stays in memory.
IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024


class Answer(NamedTuple):
    """What the edge answers by itself."""

    status: int
    headers: dict[str, str]
    body: bytes


class Reply:
    """What the application answers: it writes here at its own pace, the caller reads at his."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id.encode("ascii")
        self.start: Message = {}
        self._size = 0
        # It lives as long as the answer, see close().
        self._body: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115

    def begin(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """Take status and headers as WSGI gives them; a later call replaces an earlier one."""
        code = status.split(" ", 1)[0]
        self._body.seek(0)
        self._body.truncate()
        self._size = 0
        self.start = {
            "type": "http.response.start",
            "status": int(code),
            "headers": [
                (name.strip().lower().encode("latin-1"), value.strip().encode("latin-1"))
                for name, value in headers
            ],
        }
        return self.add

    def add(self, chunk: bytes) -> None:
        """Take a piece of the body, in the thread that makes it; it never waits for the reader."""
        self._size += len(chunk)
        self._body.write(chunk)

    async def collect(self, message: Message) -> None:
        """Take a message of an ASGI application."""
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.add(message.get("body", b""))

    async def deliver(self, send: Send, *, method: str) -> None:
        """Send what was collected; each piece waits until the caller has taken the last."""
        headers = [pair for pair in self.start["headers"] if pair[0] != b"x-request-id"]
        headers.append((b"x-request-id", self.request_id))
        if method != "HEAD" and self.start["status"] not in {204, 304}:
            headers = _with_length(headers, self._size)
        await send({**self.start, "headers": headers})
        self._body.seek(0)
        left = self._size
        while left > PIECE:
            piece = self._body.read(PIECE)
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": self._body.read(), "more_body": False})

    def close(self) -> None:
        self._body.close()

    def answer(self, answer: Answer) -> None:
        """Answer exactly this, whatever was collected until now."""
        self.begin(str(answer.status), list(answer.headers.items()))(answer.body)


def _with_length(headers: list[tuple[bytes, bytes]], size: int) -> list[tuple[bytes, bytes]]:
    """Tell the length of what was streamed; it is known by now."""
    for name, _ in headers:
        if name in {b"content-length", b"transfer-encoding"}:
            return headers
    return [*headers, (b"content-length", b"%d" % size)]
