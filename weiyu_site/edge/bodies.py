"""Read the body of a request whole before a thread is taken, within a cap and a patience.

Its length is judged by RFC 9112, section 6, with the 408 and 413 of RFC 9110.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from weiyu_site.edge.headers import Headers
from weiyu_site.edge.problem import Refusal
from weiyu_site.edge.replies import IN_MEMORY, Message

Receive = Callable[[], Awaitable[Message]]

# A client that is still sending does not read our 413; so much is read and thrown away first.
DRAINED = 32 * 1024 * 1024
# Where files may be sent (as multipart/form-data), and how large the whole form may be.
LARGEST_FORMS: dict[str, int] = {
    "/api/user/": 5 * 1024 * 1024,
}


class Patience(NamedTuple):
    """How long a sender is waited for, in seconds."""

    silence: float = 10.0
    # One deadline for all of it, and more for what is large: this many bytes earn a second.
    whole: float = 30.0
    bytes_a_second: int = 50_000

    def left(self, size: int, elapsed: float) -> float:
        """Return how much longer a body may take of which so much has arrived."""
        return self.whole + size / self.bytes_a_second - elapsed


PATIENCE = Patience()


class Disconnected(Exception):
    """The caller left before the body was whole."""


class ExpectedBody(NamedTuple):
    """What the headers say of the body that follows them."""

    length: int = 0
    is_chunked: bool = False
    largest: int = 0
    refusal: Refusal | None = None
    # Its client is sending already, and reads our refusal only when it is done.
    is_drained: bool = False


def expect_body(headers: Headers, path: str) -> ExpectedBody:
    """Return which body follows, and whether it is refused before any of it is read."""
    is_chunked = b"transfer-encoding" in headers.seen
    text = headers.text(b"content-length")
    if not text and not is_chunked:
        return ExpectedBody()
    if text and not (text.isascii() and text.isdigit()):
        detail = _("The Content-Length is no number.")
        return ExpectedBody(refusal=Refusal(400, "malformed", detail, close=True))
    # More digits than that are too large whatever they are, and Python refuses to read thousands.
    length = int(text.lstrip("0")[:18] or 0)
    cap = _largest(path, headers.text(b"content-type"))
    return ExpectedBody(
        length=length,
        is_chunked=is_chunked,
        largest=cap,
        refusal=_too_large(close=True) if length > cap else None,
        is_drained=cap < length <= DRAINED and b"expect" not in headers.seen,
    )


def _largest(path: str, content_type: str) -> int:
    """Return the size that a body may have; only forms with files may exceed the default."""
    if content_type.lower().startswith("multipart/form-data"):
        for prefix, size in LARGEST_FORMS.items():
            if path.startswith(prefix):
                return size
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _too_large(*, close: bool) -> Refusal:
    return Refusal(413, "body-too-large", _("The request body is too large."), close=close)


def too_late() -> Refusal:
    return Refusal(408, "body-timeout", _("The request body did not arrive in time."), close=True)


class Arrival:
    """A body as it comes in."""

    def __init__(self, receive: Receive, patience: Patience) -> None:
        self.size = 0
        self._receive = receive
        self._patience = patience
        self._begun = time.monotonic()

    async def next(self) -> tuple[bytes, bool]:
        """Return what arrives next, and whether there is more; raises Refusal if it is late."""
        left = self._patience.left(self.size, time.monotonic() - self._begun)
        try:
            async with asyncio.timeout(min(self._patience.silence, left)):
                while True:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise Disconnected
                    data, more = message.get("body", b""), message.get("more_body", False)
                    if data or not more:
                        self.size += len(data)
                        return data, more
        except TimeoutError as error:
            raise too_late() from error

    async def drain(self) -> bool:
        """Throw away the rest of it; False if it was given up before its end."""
        most = self.size + DRAINED
        try:
            while self.size <= most:
                _data, more = await self.next()
                if not more:
                    return True
        except Refusal:
            pass
        return False


async def read(
    receive: Receive, expected: ExpectedBody, patience: Patience
) -> tuple[IO[bytes], int]:
    """Return the body, on disk once it is large, and its size; a stall is a 408."""
    if not expected.length and not expected.is_chunked:
        return BytesIO(), 0
    arrival, more = Arrival(receive, patience), True
    # It lives as long as the request, and is closed by the edge.
    body: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    try:
        while more:
            data, more = await arrival.next()
            if arrival.size > expected.largest:
                is_unread = more and not await arrival.drain()
                raise _too_large(close=is_unread)
            body.write(data)
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body, arrival.size
