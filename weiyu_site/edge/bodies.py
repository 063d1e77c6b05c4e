"""Read the body of a request whole before a thread is taken, within a cap and a patience."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.utils.translation import gettext_lazy as _

from weiyu_site.edge.headers import Headers
from weiyu_site.edge.problem import Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

# How long a sender may be silent, in seconds.
PATIENCE = 10.0
# Up to here a body stays in memory.
IN_MEMORY = 1024 * 1024
# A client that is still sending does not read our 413; so much is read and thrown away first.
DRAINED = 32 * 1024 * 1024

# The same as DATA_UPLOAD_MAX_MEMORY_SIZE, which Django checks again.
LARGEST = 2_621_440
# Where files may be sent (as multipart/form-data), and how large the whole form may be.
LARGEST_FORMS: dict[str, int] = {
    "/api/user/": 5 * 1024 * 1024,
}


class Disconnected(Exception):
    """The caller left before the body was whole."""


def largest(path: str, content_type: str) -> int:
    """Return the size that a body may have; only forms with files may exceed the default."""
    if content_type.lower().startswith("multipart/form-data"):
        for prefix, size in LARGEST_FORMS.items():
            if path.startswith(prefix):
                return size
    return LARGEST


def too_large(size: int, *, close: bool = False) -> Refusal:
    detail = _("The request body is too large.")
    return Refusal(413, "body-too-large", detail, close=close)


async def read(
    receive: Receive, headers: Headers, *, path: str, patience: float = PATIENCE
) -> IO[bytes] | None:
    """Return the body, or None if there is none. Afterwards the headers tell its length."""
    chunked = b"transfer-encoding" in headers.seen
    length = declared_length(headers.text(b"content-length"))
    if not length and not chunked:
        return None
    cap = largest(path, headers.text(b"content-type"))
    if length > cap:
        raise await _refuse(receive, length, headers, patience)
    body, size = await _collect(receive, cap, patience)
    if chunked:
        # Without a length a WSGI application sees an empty body.
        headers.kept.append((b"content-length", b"%d" % size))
    return body


def declared_length(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise Refusal(400, "malformed", _("The Content-Length is no number."), close=True)
    return int(text)


async def _collect(receive: Receive, cap: int, patience: float) -> tuple[IO[bytes], int]:
    """Gather the body, on disk once it is large; a stall of `patience` seconds is a 408."""
    message = await _next(receive, patience)
    data = message.get("body", b"")
    if not message.get("more_body") and len(data) <= cap:
        return BytesIO(data), len(data)
    size = 0
    # It lives as long as the request, and is closed by the edge.
    body: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    try:
        while True:
            size += len(data)
            if size > cap:
                drained = await _drained(receive, message, patience)
                raise too_large(size, close=not drained)
            body.write(data)
            if not message.get("more_body"):
                break
            message = await _next(receive, patience)
            data = message.get("body", b"")
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body, size


async def _next(receive: Receive, patience: float) -> Message:
    """Return the next message that brings something on."""
    try:
        async with asyncio.timeout(patience):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                if message.get("body") or not message.get("more_body"):
                    return message
    except TimeoutError as error:
        raise Refusal(
            408, "body-timeout", _("The request body did not arrive in time."), close=True
        ) from error


async def _refuse(receive: Receive, length: int, headers: Headers, patience: float) -> Refusal:
    """Return the 413 of a body that says itself that it is too large."""
    if length > DRAINED or b"expect" in headers.seen:
        return too_large(length, close=True)
    drained = await _drained(receive, {"more_body": True}, patience)
    return too_large(length, close=not drained)


async def _drained(receive: Receive, message: Message, patience: float) -> bool:
    """Throw away the rest of a body; False if it was given up before its end."""
    total = 0
    try:
        while message.get("more_body"):
            message = await _next(receive, patience)
            total += len(message.get("body", b""))
            if total > DRAINED:
                return False
    except Refusal:
        return False
    return True
