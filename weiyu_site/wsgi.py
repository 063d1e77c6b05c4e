"""The HTTP application alone, for WSGI servers; sockets need `asgi.py`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from weiyu_site.launch.refusals import ending_in_a_sentence

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiyu_site.settings")

with ending_in_a_sentence():
    application = get_wsgi_application()

from weiyu_site.launch.database_state import end_on_other_states

end_on_other_states()
