"""Hand a WSGI application (PEP 3333) what the edge found out, and nothing of the raw request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.util import FileWrapper

from weiyu_site.edge.replies import Reply

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Gateway:
    """Stand between a2wsgi and the WSGI application."""

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
