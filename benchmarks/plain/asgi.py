"""Served as Weiyu is: Django under WSGI in a few threads of a uvicorn worker."""

from __future__ import annotations

import os

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.plain.settings"

_http = WSGIMiddleware(get_wsgi_application(), workers=4)


async def application(scope, receive, send):  # type: ignore[no-untyped-def]
    """Answer the server's start and stop, and hand the rest to Django."""
    if scope["type"] != "lifespan":
        await _http(scope, receive, send)
        return
    for answer in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
        await receive()
        await send({"type": answer})
