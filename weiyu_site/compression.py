"""Pages and their fragments go out compressed; what holds a secret of its own does not.

The length of a compressed page can betray a secret in it to somebody who also chooses words of the
page (BREACH). Django masks the secret of forms anew in each answer and pads what it compresses by a
random length. Pages that show a token have nothing that masks it: they say `no-transform`, which
keeps proxies from compressing them too. The API is left alone: its answers carry tokens and codes.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressionMiddleware(GZipMiddleware):
    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        is_secret = "no-transform" in response.headers.get("Cache-Control", "")
        if not is_page or is_secret or request.path_info.startswith("/api/"):
            return response
        return super().process_response(request, response)
