"""The edge's own refusals as problem+json (RFC 9457), where no Django request exists."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

from accounts.languages import asked_for
from rest.problems import MEDIA_TYPE, problem_body
from weiyu_site.edge.replies import Answer


class Refusal(Exception):
    """A request that goes no further, with the sentence for people and the code for programs."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str | Promise,
        *,
        close: bool = False,
        retry_after: int = 0,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        # The rest of the body stays unread, so the connection cannot be used again.
        self.close = close
        # Seconds; 0 where asking again helps nobody.
        self.retry_after = retry_after

    def answer(self, path: str, *, request_id: str, accept_language: str) -> Answer:
        """Return the problem in the caller's language."""
        with translation.override(asked_for(accept_language) or settings.LANGUAGE_CODE):
            body = problem_body(self.status, self.code, str(self.detail), request_id=request_id)
        headers = _headers(path)
        if self.retry_after:
            headers["retry-after"] = str(self.retry_after)
        return Answer(self.status, headers, body.encode())


def _headers(path: str) -> dict[str, str]:
    """Return the headers of the answer; a script elsewhere must be able to read why."""
    headers = {
        "content-type": MEDIA_TYPE,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    }
    if path.startswith("/api/"):
        headers["access-control-allow-origin"] = "*"
        headers["access-control-expose-headers"] = ", ".join(settings.CORS_EXPOSE_HEADERS)
    return headers
