"""Collect an answer before it is sent, so that a slow reader holds no thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from weiyu_site.front.problem import Refusal, encoded

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024


class Reply:
    """What the application answers: it writes here at its own pace, the caller reads at his."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id.encode("ascii")
        self.start: Message = {}
        self._chunks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._size = 0

    async def collect(self, message: Message) -> None:
        """Take a message of the application, never making it wait."""
        if message["type"] == "http.response.start":
            self.start = message
        elif chunk := message.get("body", b""):
            self._size += len(chunk)
            if self._file is not None:
                self._file.write(chunk)
            else:
                self._chunks.append(chunk)
                if self._size > IN_MEMORY:
                    self._spool()

    async def deliver(self, send: Send, *, method: str) -> None:
        """Send what was collected; each piece waits until the caller has taken the last."""
        headers = [pair for pair in self.start["headers"] if pair[0] != b"x-request-id"]
        headers.append((b"x-request-id", self.request_id))
        if method != "HEAD" and self.start["status"] not in {204, 304}:
            headers = _with_length(headers, self._size)
        await send({**self.start, "headers": headers})
        if self._file is not None:
            self._file.seek(0)
            while piece := self._file.read(PIECE):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def refuse(self, refusal: Refusal, *, path: str, language: str = "") -> None:
        """Answer the refusal, whatever was collected until now."""
        body = refusal.body(self.request_id.decode("ascii"), language)
        self.answer(refusal.status, refusal.headers(path), body)

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Answer exactly this."""
        self.close()
        self._file, self._chunks, self._size = None, [body], len(body)
        self.start = {
            "type": "http.response.start",
            "status": status,
            "headers": list(encoded(headers)),
        }

    def _spool(self) -> None:
        # It lives as long as the answer, see close().
        self._file = SpooledTemporaryFile(max_size=0)  # noqa: SIM115
        self._file.writelines(self._chunks)
        self._chunks.clear()


def _with_length(headers: list[tuple[bytes, bytes]], size: int) -> list[tuple[bytes, bytes]]:
    """Tell the length of what was streamed; it is known by now."""
    for name, _ in headers:
        if name in {b"content-length", b"transfer-encoding"}:
            return headers
    return [*headers, (b"content-length", b"%d" % size)]
