"""The edge for ASGI, outermost: it examines, answers health, reads bodies, collects replies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import IO, Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from weiyu_site.edge import bodies, request_ids, sockets
from weiyu_site.edge.bodies import Receive
from weiyu_site.edge.examination import Examined, RequestHead, examine
from weiyu_site.edge.health import Health
from weiyu_site.edge.problem import Refusal
from weiyu_site.edge.proxies import Network
from weiyu_site.edge.replies import Reply, Send

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
# Each library has its own types for the three parts of ASGI.
Application = Callable[[Any, Any, Any], Awaitable[None]]
Step = Callable[[], None]


class EdgeApplication:
    """Stand before the applications for HTTP and sockets."""

    def __init__(
        self,
        *,
        http: Application,
        websocket: Application,
        trusted: Sequence[Network] = (),
        allowed_hosts: Sequence[str] = (),
        patience: float = bodies.PATIENCE,
        at_start: Sequence[Step] = (),
        at_end: Sequence[Step] = (),
    ) -> None:
        self._http = http
        self._websocket = websocket
        self._trusted = trusted
        self._allowed_hosts = allowed_hosts
        self._patience = patience
        self._at_start = at_start
        self._at_end = at_end
        self._health = Health()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer_http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._answer_socket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def _examine(self, scope: Scope) -> Examined:
        examined = examine_scope(scope, self._trusted)
        request_ids.current.set(examined.request_id)
        return examined

    async def _answer_http(self, scope: Scope, receive: Receive, send: Send) -> None:
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
                reply.answer(await self._health.answer(examined.path))
            else:
                await self._pass_on(reply, examined, scope, receive)
        except Refusal as refusal:
            _refuse(reply, examined, refusal)
        except bodies.Disconnected:
            raise
        except Exception:
            logger.exception("The application failed.")
            _refuse(reply, examined, _failure())

    async def _pass_on(
        self, reply: Reply, examined: Examined, scope: Scope, receive: Receive
    ) -> None:
        body, length = await self._read(examined, receive)
        with body:
            if examined.body.is_chunked:
                # Without a length a WSGI application sees an empty body.
                scope["headers"].append((b"content-length", b"%d" % length))
            scope["weiyu.body"], scope["weiyu.reply"] = body, reply
            await self._http(scope, receive, reply.collect)
        if not reply.start:
            raise RuntimeError("The application answered nothing.")

    async def _read(self, examined: Examined, receive: Receive) -> tuple[IO[bytes], int]:
        """Return the body and its length, unless the request is refused."""
        refusal = examined.refusal
        if refusal is None:
            return await bodies.read(receive, examined.body, self._patience)
        if refusal is examined.body.refusal and examined.body.is_drained:
            refusal.close = not await bodies.drain(receive, self._patience)
        raise refusal

    async def _answer_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        examined = self._examine(scope)
        host = examined.headers.text(b"host")
        # Channels itself never looks at the Host.
        if examined.refusal or not sockets.is_allowed(host, self._allowed_hosts):
            await sockets.refuse(receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Say yes to the server's start and end."""
        await receive()
        for step in self._at_start:
            step()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for step in self._at_end:
            await asyncio.to_thread(step)
        await send({"type": "lifespan.shutdown.complete"})


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


def _refuse(reply: Reply, examined: Examined, refusal: Refusal) -> None:
    answer = examined.answer(refusal)
    if refusal.close:
        answer.headers["connection"] = "close"
    reply.answer(answer)


def _failure() -> Refusal:
    detail = _("Something went wrong here. Try again; if it stays, report the request id.")
    return Refusal(500, "server-error", detail)
