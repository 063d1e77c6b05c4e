"""Static files: only those that pages use, and none of them a page itself."""

from __future__ import annotations

from collections.abc import MutableMapping

from django.contrib.staticfiles.apps import StaticFilesConfig


class WeiyuStaticFilesConfig(StaticFilesConfig):
    """Leave out what libraries bring and no page of ours uses."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        # Its pages are off: the API speaks JSON, and its own page is Swagger's.
        "rest_framework",
        "redoc", "oauth2-redirect.*", "swagger-ui-standalone-preset.*", "favicon-32x32.png",
    ]  # fmt: skip


def add_headers(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Let whoever opens a file as a page get one that can do nothing; whitenoise calls this."""
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
