"""The edge for ASGI, outermost: it examines, answers health, reads bodies, collects replies.

`Gateway` stands at its inner end, where HTTP becomes WSGI (PEP 3333).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import quote
from wsgiref.types import WSGIApplication
from wsgiref.util import FileWrapper

from django.http.request import split_domain_port, validate_host

from records.outages import RETRY_AFTER, is_outage
from rest.problems import SERVER_ERROR, UNAVAILABLE
from weiyu_site.edge import bodies, request_ids
from weiyu_site.edge.bodies import Receive
from weiyu_site.edge.examination import Examined, RequestHead, examine
from weiyu_site.edge.health import Health
from weiyu_site.edge.problem import Refusal
from weiyu_site.edge.proxies import Network
from weiyu_site.edge.replies import Reply, Send
from weiyu_site.edge.turns import Turns

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
# Each library has its own types for the three parts of ASGI.
Application = Callable[[Any, Any, Any], Awaitable[None]]
Step = Callable[[], None]

# What our server marks each request with (connections.py).
LIMITED = "weiyu.is_limited"


@dataclass(kw_only=True, eq=False)
class EdgeApplication:
    """Stand before the applications for HTTP and sockets."""

    http: Application
    websocket: Application
    trusted: Sequence[Network] = ()
    allowed_hosts: Sequence[str] = ()
    patience: bodies.Patience = bodies.PATIENCE
    at_start: Sequence[Step] = ()
    at_end: Sequence[Step] = ()
    health: Health = field(default_factory=Health, init=False)
    turns: Turns = field(default_factory=Turns, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer_http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._answer_socket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def _examine(self, scope: Scope) -> Examined:
        examined = examine_scope(scope, self.trusted)
        request_ids.current.set(examined.request_id)
        return examined

    async def _answer_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if LIMITED not in scope:
            self.health.note_missing_limits()
        examined = self._examine(scope)
        reply = Reply(examined.request_id)
        try:
            await self._fill(reply, examined, scope, receive)
            await reply.deliver(send, method=scope["method"])
        except bodies.Disconnected:
            logger.debug("The caller left before the body was whole.")
        finally:
            reply.close()

    async def _fill(self, reply: Reply, examined: Examined, scope: Scope, receive: Receive) -> None:
        """Let whoever is in charge of this request write the reply."""
        try:
            if examined.is_health and not examined.refusal:
                reply.answer(await self.health.answer(examined.path))
            else:
                await self._pass_on(reply, examined, scope, receive)
        except Refusal as refusal:
            _refuse(reply, examined, refusal)
        except bodies.Disconnected:
            raise
        except Exception as error:
            logger.exception("The application failed.")
            _refuse(reply, examined, _failure(error))

    async def _pass_on(
        self, reply: Reply, examined: Examined, scope: Scope, receive: Receive
    ) -> None:
        body, length = await self._read(examined, receive)
        with body:
            if examined.body.is_chunked:
                # Without a length a WSGI application sees an empty body.
                scope["headers"].append((b"content-length", b"%d" % length))
            scope["weiyu.body"], scope["weiyu.reply"] = body, reply
            async with self.turns.turn():
                await self.http(scope, receive, reply.collect)
        if not reply.start:
            raise RuntimeError("The application answered nothing.")

    async def _read(self, examined: Examined, receive: Receive) -> tuple[IO[bytes], int]:
        """Return the body and its length, unless the request is refused."""
        refusal = examined.refusal
        if refusal is None:
            return await bodies.read(receive, examined.body, self.patience)
        if refusal is examined.body.refusal and examined.body.is_drained:
            refusal.close = not await bodies.Arrival(receive, self.patience).drain()
        raise refusal

    async def _answer_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        examined = self._examine(scope)
        domain, _port = split_domain_port(examined.headers.text(b"host"))
        # Channels itself never looks at the Host.
        if examined.refusal or not (domain and validate_host(domain, self.allowed_hosts)):
            await receive()
            # The server makes it a 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.websocket(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Say yes to the server's start and end."""
        await receive()
        for step in self.at_start:
            step()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for step in self.at_end:
            await asyncio.to_thread(step)
        await send({"type": "lifespan.shutdown.complete"})


class Gateway:
    """Hand a WSGI application what the edge found out, and nothing of the raw request."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        # Error mails and debug pages print the environ, and the scope holds raw headers.
        scope = environ.pop("asgi.scope")
        environ["weiyu.access_tokens"] = scope["weiyu.access_tokens"]
        environ["weiyu.request_id"] = scope["weiyu.request_id"]
        # Body and answer are handed over directly: a2wsgi would make each piece of them a trip
        # from this thread to the event loop and back.
        environ["wsgi.input"] = scope["weiyu.body"]
        environ["wsgi.file_wrapper"] = FileWrapper
        reply: Reply = scope["weiyu.reply"]
        chunks = self._application(environ, reply.begin)
        try:
            for chunk in chunks:
                reply.add(chunk)
        finally:
            getattr(chunks, "close", lambda: None)()
        return ()


def examine_scope(scope: Scope, trusted: Sequence[Network]) -> Examined:
    """Clean the server's own scope: a copy would leave the token in the server's access log."""
    peer, port = scope.get("client") or ("", 0)
    head = RequestHead(
        method=scope.get("method", "GET"),
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=scope["headers"],
        peer=peer,
        scheme="https" if scope.get("scheme") in {"https", "wss"} else "http",
    )
    examined = examine(head, trusted)
    if examined.path != scope["path"] or b"%" in (scope.get("raw_path") or b""):
        scope["path"], scope["raw_path"] = examined.path, quote(examined.path).encode("ascii")
    scope["query_string"] = examined.query.encode("ascii")
    scope["headers"] = examined.headers.kept
    address, scheme = examined.caller
    if address:
        scope["client"] = (address, port)
    scope["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
    scope["weiyu.access_tokens"] = examined.access_tokens
    scope["weiyu.request_id"] = examined.request_id
    return examined


def _failure(error: Exception) -> Refusal:
    """Return what callers read of a failure; the disk that bodies are kept on may be full."""
    if is_outage(error):
        return Refusal(503, "unavailable", UNAVAILABLE, retry_after=RETRY_AFTER)
    return Refusal(500, "server-error", SERVER_ERROR)


def _refuse(reply: Reply, examined: Examined, refusal: Refusal) -> None:
    answer = examined.answer(refusal)
    if refusal.close:
        answer.headers["connection"] = "close"
    reply.answer(answer)
