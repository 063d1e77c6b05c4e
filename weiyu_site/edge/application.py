"""The outermost ASGI application: it examines, answers health, reads bodies, collects replies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from weiyu_site.edge import bodies, health, loops, request_ids, sockets
from weiyu_site.edge.examination import Examined, Scope, examine
from weiyu_site.edge.problem import Refusal
from weiyu_site.edge.proxies import Network
from weiyu_site.edge.replies import Reply

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Each library has its own types for the three parts of ASGI.
Application = Callable[[Any, Any, Any], Awaitable[None]]


class Timer(Protocol):
    """What goes on beside the requests from the server's start to its end."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


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
        timer: Timer | None = None,
        at_end: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._http = http
        self._websocket = websocket
        self._trusted = trusted
        self._allowed_hosts = allowed_hosts
        self._patience = patience
        self._timer = timer
        self._at_end = at_end
        self._health = health.Health()
        self._runs = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._runs:
            self._runs = True
            loops.announce(asyncio.get_running_loop())
        if scope["type"] == "http":
            await self._answer_http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._answer_socket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _answer_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        examined = examine(scope, self._trusted)
        request_ids.current.set(scope["weiyu.request_id"])
        reply = Reply(scope["weiyu.request_id"])
        try:
            await self._fill(reply, examined, scope, receive)
            await reply.deliver(send, method=scope["method"])
        except bodies.Disconnected:
            logger.debug("The caller left before the body was whole.")
        finally:
            reply.close()

    async def _fill(self, reply: Reply, examined: Examined, scope: Scope, receive: Receive) -> None:
        """Let whoever is in charge of this request write the reply."""
        body = None
        try:
            if examined.refusal:
                raise examined.refusal
            if examined.path in health.PATHS and scope["method"] in {"GET", "HEAD"}:
                reply.answer(*await self._look_after(examined.path))
                return
            body = await bodies.read(
                receive, examined.headers, path=examined.path, patience=self._patience
            )
            scope["weiyu.body"], scope["weiyu.reply"] = body, reply
            await self._http(scope, receive, reply.collect)
            if not reply.start:
                raise RuntimeError("The application answered nothing.")
        except Refusal as refusal:
            _refuse(reply, refusal, examined)
        except bodies.Disconnected:
            raise
        except Exception:
            logger.exception("The application failed.")
            _refuse(reply, _failure(), examined)
        finally:
            if body is not None:
                body.close()

    async def _look_after(self, path: str) -> tuple[int, dict[str, str], bytes]:
        status, body = await self._health.answer(path)
        return status, health.HEADERS, body

    async def _answer_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        examined = examine(scope, self._trusted)
        request_ids.current.set(scope["weiyu.request_id"])
        host = examined.headers.text(b"host")
        # Channels itself never looks at the Host.
        if examined.refusal or not sockets.is_allowed(host, self._allowed_hosts):
            await sockets.refuse(receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Say yes to the server's start and end."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._timer:
                    self._timer.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._timer:
                    await asyncio.to_thread(self._timer.stop)
                for finish in self._at_end:
                    await asyncio.to_thread(finish)
                await send({"type": "lifespan.shutdown.complete"})
                return


def _refuse(reply: Reply, refusal: Refusal, examined: Examined) -> None:
    language = examined.headers.text(b"accept-language")
    reply.refuse(refusal, path=examined.path, language=language)


def _failure() -> Refusal:
    detail = _("Something went wrong here. Try again; if it stays, report the request id.")
    return Refusal(500, "server-error", detail)
