"""Hand Django's WSGI application what the front found out, and nothing of the raw request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from wsgiref.util import FileWrapper

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Gateway:
    """Stand between a2wsgi and the WSGI application."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        # Error mails and debug pages print the environ, and the scope holds raw headers.
        scope = environ.pop("asgi.scope")
        environ["weiyu.access_tokens"] = scope["weiyu.access_tokens"]
        environ["weiyu.request_id"] = scope["weiyu.request_id"]
        # The body is here already; a2wsgi would fetch it from the event loop piece by piece.
        environ["wsgi.input"] = scope["weiyu.body"] or BytesIO()
        environ["wsgi.file_wrapper"] = _in_large_blocks
        return self._application(environ, start_response)


def _in_large_blocks(file: Any, _block_size: int = 0) -> FileWrapper:
    """Read files in blocks of 64 KB: each block costs a trip to the event loop."""
    return FileWrapper(file, 64 * 1024)
