"""The HTTP application alone, for WSGI servers; sockets need `asgi.py`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiyu_site.settings")

application = get_wsgi_application()

from weiyu_site.launch.database_state import end_on_other_states  # noqa: E402 - needs the settings

end_on_other_states()
