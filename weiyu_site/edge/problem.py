"""The edge's own refusals as RFC 9457 problem+json, built where no Django request exists."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

from accounts.languages import asked_for

MEDIA_TYPE = "application/problem+json"


class Refusal(Exception):
    """A request that goes no further, with the sentence for people and the code for programs."""

    def __init__(self, status: int, code: str, detail: str | Promise, *, close: bool = False):
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        # The rest of the body stays unread, so the connection cannot be used again.
        self.close = close

    def body(self, request_id: str, accept_language: str = "") -> bytes:
        """Return the problem in the caller's language."""
        with translation.override(language_of(accept_language)):
            detail = str(self.detail)
        return json.dumps(
            {
                "type": "about:blank",
                "title": HTTPStatus(self.status).phrase,
                "status": self.status,
                "detail": detail,
                "code": self.code,
                "errors": [],
                "request_id": request_id,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()

    def headers(self, path: str) -> dict[str, str]:
        """Return the headers of the answer; a script elsewhere must be able to read why."""
        headers = {
            "content-type": MEDIA_TYPE,
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        }
        if path.startswith("/api/"):
            headers["access-control-allow-origin"] = "*"
            headers["access-control-expose-headers"] = ", ".join(settings.CORS_EXPOSE_HEADERS)
        if self.close:
            headers["connection"] = "close"
        return headers


def language_of(accept_language: str) -> str:
    """Return the first of our languages that the caller reads, English if none."""
    return asked_for(accept_language) or settings.LANGUAGE_CODE


def encoded(headers: Mapping[str, str]) -> Iterable[tuple[bytes, bytes]]:
    """Yield headers as ASGI wants them."""
    return ((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())
