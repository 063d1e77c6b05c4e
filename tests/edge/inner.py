"""A server's application for the tests of the edge: no site behind it, only what they look at."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import tempfile
import time
from pathlib import Path

import django
import uvicorn
from a2wsgi import WSGIMiddleware
from channels.routing import URLRouter
from django.conf import settings
from django.urls import re_path

settings.configure(
    INSTALLED_APPS=[],
    USE_I18N=True,
    CORS_EXPOSE_HEADERS=["X-Request-ID"],
    DATA_DIR=Path(tempfile.gettempdir()),
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "weiyu_site.edge.logs.LineFormatter"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "DEBUG"},
        "loggers": {
            "uvicorn": {"handlers": ["console"], "level": "DEBUG", "propagate": False},
            "uvicorn.access": {"level": "INFO", "propagate": True},
        },
    },
)
django.setup()

from weiyu_site import serve  # noqa: E402
from weiyu_site.edge.application import EdgeApplication, Gateway  # noqa: E402
from weiyu_site.edge.bodies import Patience  # noqa: E402
from weiyu_site.edge.connections import Connection  # noqa: E402
from weiyu_site.routing import NoSuchSocket  # noqa: E402

BLOCK = b"0123456789abcdef" * 4096


def inner(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise RuntimeError("It broke.")
    if path == "/large":
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return (BLOCK for _ in range(256))
    if path in {"/slow", "/busy"}:
        time.sleep(3 if path == "/busy" else 0.05)
    if path == "/constant":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    seen = {
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "environ": {
            name: value if isinstance(value, str | list) else repr(value)
            for name, value in environ.items()
        },
    }
    answer = json.dumps(seen).encode()
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
    )
    return [answer]


application = EdgeApplication(
    http=WSGIMiddleware(Gateway(inner), workers=4),
    websocket=URLRouter([re_path(r"", NoSuchSocket.as_asgi())]),
    trusted=[ipaddress.ip_network(n) for n in os.environ.get("TRUSTED", "").split() if n],
    allowed_hosts=["127.0.0.1", "weiyu.test"],
    patience=Patience(
        silence=float(os.environ.get("PATIENCE", "10")),
        whole=float(os.environ.get("WHOLE", "30")),
        bytes_a_second=int(os.environ.get("RATE", "50000")),
    ),
)
bare = WSGIMiddleware(inner, workers=4)


class Hurried(Connection):
    """A connection that waits for nobody."""

    silence, head, reading, grace, farewell = 1.5, 2.0, 2.0, 0.5, 0.5
    body = Patience(whole=2.0, bytes_a_second=10_000)


if __name__ == "__main__":
    # As `weiyu_site.serve` does, after the settings above.
    options = {**serve.OPTIONS, "port": int(os.environ["PORT"])}
    if os.environ.get("HURRIED"):
        options["http"] = Hurried
    uvicorn.run(application, **options)
