"""Read the body of a request whole before a thread is taken, within a cap and a patience.

Its length is judged by RFC 9112, section 6, with the 408 and 413 of RFC 9110.
"""

from __future__ import annotations

import asyncio
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

# How long a sender may be silent, in seconds.
PATIENCE = 10.0
# A client that is still sending does not read our 413; so much is read and thrown away first.
DRAINED = 32 * 1024 * 1024
# Where files may be sent (as multipart/form-data), and how large the whole form may be.
LARGEST_FORMS: dict[str, int] = {
    "/api/user/": 5 * 1024 * 1024,
}


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


async def read(receive: Receive, expected: ExpectedBody, patience: float) -> tuple[IO[bytes], int]:
    """Return the body, on disk once it is large, and its size; a stall is a 408."""
    if not expected.length and not expected.is_chunked:
        return BytesIO(), 0
    size, more = 0, True
    # It lives as long as the request, and is closed by the edge.
    body: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    try:
        while more:
            data, more = await _next(receive, patience)
            size += len(data)
            if size > expected.largest:
                is_unread = more and not await drain(receive, patience)
                raise _too_large(close=is_unread)
            body.write(data)
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body, size


async def drain(receive: Receive, patience: float) -> bool:
    """Throw away the rest of a body; False if it was given up before its end."""
    total = 0
    try:
        while total <= DRAINED:
            data, more = await _next(receive, patience)
            if not more:
                return True
            total += len(data)
    except Refusal:
        pass
    return False


async def _next(receive: Receive, patience: float) -> tuple[bytes, bool]:
    """Return what arrives next, and whether there is more; a client may be silent for a while."""
    try:
        async with asyncio.timeout(patience):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                data, more = message.get("body", b""), message.get("more_body", False)
                if data or not more:
                    return data, more
    except TimeoutError as error:
        raise Refusal(
            408, "body-timeout", _("The request body did not arrive in time."), close=True
        ) from error
