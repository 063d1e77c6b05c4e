"""The HTTP application alone, for WSGI servers; sockets need `asgi.py`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiyu_site.settings")

application = get_wsgi_application()
