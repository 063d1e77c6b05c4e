"""Served as Weiyu is: Django under WSGI in a few threads of a uvicorn worker."""

from __future__ import annotations

from a2wsgi import WSGIMiddleware

from benchmarks.plain.wsgi import application as site

_http = WSGIMiddleware(site, workers=4)


async def application(scope, receive, send):  # type: ignore[no-untyped-def]
    """Answer the server's start and stop, and hand the rest to Django."""
    if scope["type"] != "lifespan":
        await _http(scope, receive, send)
        return
    for answer in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
        await receive()
        await send({"type": answer})
