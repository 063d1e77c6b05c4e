"""The whole site on one port: pages and API through WSGI threads, sockets through Channels."""

from __future__ import annotations

from weiyu_site.wsgi import application as django  # isort: skip - sets Django up

from a2wsgi import WSGIMiddleware
from django.conf import settings

from tokens.verification.deferred_writes import deferred_writes
from tokens.verification.refused_counter import refused_calls
from weiyu_site.due_work import Timer
from weiyu_site.edge.application import EdgeApplication, Gateway
from weiyu_site.routing import Sockets

# More threads a process only take turns at the interpreter; more processes serve more.
THREADS = 4

timer = Timer()

application = EdgeApplication(
    http=WSGIMiddleware(Gateway(django), workers=THREADS),
    websocket=Sockets(),
    trusted=settings.TRUSTED_PROXIES,
    allowed_hosts=settings.ALLOWED_HOSTS,
    # Without Redis this is the only process; among several a timer runs the command.
    at_start=[] if settings.REDIS_URL else [timer.start],
    at_end=[timer.stop, refused_calls.stop, deferred_writes.stop],
)
