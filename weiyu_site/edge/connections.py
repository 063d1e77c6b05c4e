"""Bound what a connection may cost before the application sees a request of it.

uvicorn's protocol for HTTP (RFC 9112), with limits that no option of it has: of bytes and lines
of a head, of time for each part of a request, and of connections. Only `weiyu_site.serve` and
`make run` serve by it.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import secrets
import time
from typing import Any

import httptools
from django.utils.translation import gettext_lazy as _
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from records.outages import RETRY_AFTER
from weiyu_site.edge import headers
from weiyu_site.edge.application import LIMITED
from weiyu_site.edge.bodies import Patience, too_late
from weiyu_site.edge.problem import Refusal

logger = logging.getLogger(__name__)

# The line of the request and all headers as they are sent. What is a little too large is refused
# by `examine`, which can say more about it.
LARGEST_HEAD = headers.LARGEST + 32 * 1024
# Whoever sends further requests before the first is answered keeps them in our memory.
MOST_PIPELINED = 8

# Descriptors for the database, Redis, logs and files.
RESERVED = 64
# A connection may need a second one: what is large is kept on disk.
DESCRIPTORS_EACH = 2
MOST_CONNECTIONS = 10_000
# How many of those whom we turn away are waited for, so that they read why.
MOST_LEAVING = 32
WARNED_EVERY = 60.0


class Crowd:
    """All connections of this process."""

    def __init__(self, most: int) -> None:
        self.most = most
        # Those that have sent no whole head yet, the longest waiting first.
        self.waiting: dict[Connection, None] = {}
        self.leaving = 0
        self._warned_at = 0.0

    def has_room(self, open_now: int) -> bool:
        """Return whether one more may stay; one that only waits makes room for it."""
        if open_now < self.most:
            return True
        self._warn()
        if not self.waiting:
            return False
        next(iter(self.waiting)).hang_up()
        return True

    def _warn(self) -> None:
        if not self._warned_at or time.monotonic() - self._warned_at > WARNED_EVERY:
            self._warned_at = time.monotonic()
            logger.warning(
                "All %d connections of this process are in use; more need more file descriptors "
                "(LimitNOFILE).",
                self.most,
            )


def most_connections() -> int:
    """Return how many connections this process has file descriptors for."""
    descriptors, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, (descriptors - RESERVED) // DESCRIPTORS_EACH))


class Connection(HttpToolsProtocol):
    """A connection whose caller may be anybody."""

    # Seconds: until the first byte, for a whole head, and until 64 kB of an answer are taken.
    silence = 30.0
    head = 20.0
    reading = 60.0
    body = Patience()
    # The edge judges bodies by the same patience, and can say so in the answer.
    grace = 5.0
    # So long we throw away what somebody sends whom we have refused.
    farewell = 2.0

    crowd = Crowd(most_connections())

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
        # Between two requests; and after the last, when all else is thrown away.
        self._is_between = True
        self._is_over = False
        self._is_leaving = False
        # Bytes in which no part of a request was completed.
        self._unfinished = 0
        self._lines = 0
        self._is_body = False
        self._body_size = 0
        self._body_begun = 0.0
        self._verdict: Refusal | None = None
        # While others wait behind it, `cycle` is the last of them.
        self._answering: RequestResponseCycle | None = None

    # --- From the transport -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if self.crowd.has_room(len(self.connections)):
            super().connection_made(transport)
            self.crowd.waiting[self] = None
            self._allow(self.silence, self.hang_up)
        else:
            self.transport = transport
            self._turn_away()

    def connection_lost(self, exc: Exception | None) -> None:
        self._allow_all()
        self.crowd.waiting.pop(self, None)
        self.crowd.leaving -= self._is_leaving
        self._is_over = True
        self._tell_answers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        if self._is_between:
            self._begin_head()
        while data and not self._is_over:
            room = LARGEST_HEAD + 1 - self._unfinished
            piece, data = data[:room], data[room:]
            self._unfinished += len(piece)
            self._feed(piece)
            if self._unfinished > LARGEST_HEAD and not self._is_over:
                self._refuse(headers.too_large())

    def _feed(self, piece: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self._become_socket()
        except httptools.HttpParserError:
            self._refuse(self._verdict or _unreadable())

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_watch()
        self._wait_for_more()

    # --- From the parser --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MOST_PIPELINED:
            raise ValueError("Too many requests at once.")
        super().on_message_begin()
        self.scope[LIMITED] = True  # type: ignore[literal-required]
        self._lines = 0
        self._is_body = False
        self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers after a body are counted as well.
        self._lines += 1
        if self._lines > headers.MOST:
            self._verdict = headers.too_large()
            raise ValueError("Too many headers.")
        # What stands behind the body was judged by nobody, neither by a proxy nor by the edge.
        if not self._is_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_body = True
        self._unfinished = self._body_size = 0
        self._body_begun = self.loop.time()
        self.crowd.waiting.pop(self, None)
        if not self.flow.write_paused:
            self._end_watch()
        self._allow(self.body.whole + self.grace, self._body_is_late)
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        self._unfinished = 0

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        self._body_size += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unfinished = 0
        self._is_between = True
        self._allow()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._watch_reading()
        else:
            self._wait_for_more()

    def _wait_for_more(self) -> None:
        """Make room for others if need be, once everything is answered and taken."""
        is_answered = self.cycle is None or self.cycle.response_complete
        is_quiet = self._is_between and is_answered and not self.pipeline
        if is_quiet and not self.transport.is_closing():
            self.crowd.waiting[self] = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    # --- Time -------------------------------------------------------------------------------

    def _allow(self, seconds: float = 0, then: Any = None) -> None:
        """Let `then` happen in so many seconds, unless something else is allowed before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, then) if then else None

    def _allow_all(self) -> None:
        self._allow()
        self._end_watch()

    def _begin_head(self) -> None:
        self._is_between = False
        self._allow(self.head, self._head_is_late)

    def _head_is_late(self) -> None:
        if self.flow.read_paused:
            # It is we who do not read, because earlier requests are not answered yet.
            self._allow(self.head, self._head_is_late)
        else:
            detail = _("The request did not arrive in time.")
            self._refuse(Refusal(408, "request-timeout", detail, close=True))

    def _body_is_late(self) -> None:
        left = self.body.left(self._body_size, self.loop.time() - self._body_begun) + self.grace
        if left > 0 or self.flow.read_paused:
            self._allow(max(left, 1.0), self._body_is_late)
        else:
            self._refuse(too_late())

    def _watch_reading(self) -> None:
        self._end_watch()
        self._reading_timer = self.loop.call_later(self.reading, self._is_unread)

    def _end_watch(self) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None

    def _is_unread(self) -> None:
        """End a connection whose caller takes nothing: closing would wait until all is taken."""
        if self.transport.get_write_buffer_size():
            self._drop()

    # --- Ends -------------------------------------------------------------------------------

    def hang_up(self) -> None:
        """Close a connection that asks for nothing."""
        self.crowd.waiting.pop(self, None)
        self.connections.discard(self)
        self._is_over = True
        self.transport.abort()

    def _drop(self) -> None:
        """End a connection at once, with the answers that are still on their way."""
        self._is_over = True
        # Else they go on writing until the loop tells that the connection is lost.
        self._tell_answers()
        self.transport.abort()

    def _tell_answers(self) -> None:
        """Let the answers under way know that nobody is there any more."""
        for cycle in (self._answering, self.cycle, *(queued for queued, _app in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def _turn_away(self) -> None:
        if self.crowd.leaving >= MOST_LEAVING:
            self._is_over = True
            self.transport.abort()
            return
        detail = _("Too many connections are open. Try again in a few seconds.")
        self._answer(Refusal(503, "unavailable", detail, close=True, retry_after=RETRY_AFTER))

    def _refuse(self, refusal: Refusal) -> None:
        """Read no more, and say why, unless an answer is under way on this connection."""
        last = self.cycle
        if last is None or last.response_complete:
            self._answer(refusal)
        elif last.more_body and not last.response_started and not self.pipeline:
            last.disconnected = True
            last.message_event.set()
            self._answer(refusal)
        elif last.more_body:
            self._drop()
        else:
            self._is_over = True
            self._allow()
            last.keep_alive = False

    def _answer(self, refusal: Refusal) -> None:
        """Answer without the application, and end the connection."""
        self._is_over = True
        self.crowd.waiting.pop(self, None)
        self._unset_keepalive_if_required()
        self._log(refusal)
        self.transport.write(_as_bytes(refusal, self._language()))
        self._leave()

    def _language(self) -> str:
        """Return what the caller wants to read, as far as it has arrived."""
        wishes = (value for name, value in self.headers or () if name == b"accept-language")
        return next(wishes, b"").decode("latin-1")

    def _leave(self) -> None:
        """Let the caller read it: what is closed with bytes unread takes the answer along."""
        self._is_leaving = True
        self.crowd.leaving += 1
        self.connections.discard(self)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._allow(self.farewell, self.transport.abort)

    def _log(self, refusal: Refusal) -> None:
        peer = self.transport.get_extra_info("peername") or ("", 0)
        self.access_logger.info(
            "%s:%s - refused before the application: %s %d",
            peer[0], peer[1], refusal.code, refusal.status,
        )  # fmt: skip

    def _become_socket(self) -> None:
        self.crowd.waiting.pop(self, None)
        self._is_over = True
        self._allow_all()
        self.handle_websocket_upgrade()
        socket: Any = self.transport.get_protocol()
        if socket.conn.handshake_exc is not None:
            # It would stay open, and nobody would be told.
            self._log(_unreadable())
            self.transport.write(_as_bytes(_unreadable(), self._language()))
            self.transport.close()


def _unreadable() -> Refusal:
    return Refusal(400, "malformed", _("This request cannot be read."), close=True)


def _as_bytes(refusal: Refusal, accept_language: str) -> bytes:
    request_id = secrets.token_hex(8)
    answer = refusal.answer("", request_id=request_id, accept_language=accept_language)
    lines = {
        **answer.headers,
        "content-length": str(len(answer.body)),
        "connection": "close",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return STATUS_LINE[answer.status] + head.encode("latin-1") + b"\r\n" + answer.body
