"""Where sockets are; the rooms' own come before the last line."""

from __future__ import annotations

from django.urls import re_path

from weiyu_site.edge.sockets import NoSuchSocket

websocket_urlpatterns = [
    re_path(r"", NoSuchSocket.as_asgi()),
]
