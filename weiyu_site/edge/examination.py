"""Decide what becomes of a request, from its line and headers alone (RFC 9112, section 2.1).

The one place that judges. `application.py` (ASGI) and `middleware.py` (WSGI) only describe their
request to it, and put what it returns in the place of what came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from weiyu_site.edge import health, redaction, request_ids
from weiyu_site.edge.bodies import ExpectedBody, expect_body
from weiyu_site.edge.headers import Header, Headers, judge_headers
from weiyu_site.edge.problem import Refusal
from weiyu_site.edge.proxies import Caller, Network, find_caller
from weiyu_site.edge.replies import Answer

# Browsers and proxies stop at about half of this.
LONGEST_ADDRESS = 16 * 1024

_SLASHES = re.compile(r"/{2,}")
# At the top, or in a frame.
_WORKSTATION = re.compile(r"(?:/f/[^/]{1,64})?/agent/.")
_NOT_IN_QUERIES = re.compile(r"[^\x21-\x7e]")


class RequestHead(NamedTuple):
    """A request as its server read it; nothing in it is believed yet."""

    method: str
    path: str  # percent-decoded
    query: str  # as it was sent, without its question mark
    headers: Iterable[Header]
    peer: str
    scheme: str


class Examined(NamedTuple):
    """A request as it may be logged and read; if there is a refusal, it goes no further."""

    path: str
    query: str
    access_tokens: list[str]
    headers: Headers
    request_id: str
    caller: Caller
    body: ExpectedBody
    is_health: bool
    refusal: Refusal | None

    def answer(self, refusal: Refusal) -> Answer:
        """Return how this caller is told of a refusal."""
        language = self.headers.text(b"accept-language")
        return refusal.answer(self.path, request_id=self.request_id, accept_language=language)


def examine(head: RequestHead, trusted: Sequence[Network]) -> Examined:
    """Make a request safe to log and to read, find out who calls, and whether it may go on."""
    path, query = head.path, head.query
    if is_too_long := len(path) + len(query) > LONGEST_ADDRESS:
        # Nobody needs the rest, and it need not be looked through either.
        path, query = path[:200], ""
    path = _clean_path(path)
    query, access_tokens = _clean_query(query)
    headers = judge_headers(head.headers)
    body = expect_body(headers, path)
    # Balancers ask under any Host, so health is decided before Django may look at it.
    is_health = path in health.PATHS and head.method in {"GET", "HEAD"}
    if is_too_long:
        refusal: Refusal | None = Refusal(414, "address-too-long", _("The address is too long."))
    else:
        refusal = headers.refusal or _refused_nul(path, query)
        refusal = refusal or (None if is_health else body.refusal)
    return Examined(
        path=path,
        query=query,
        access_tokens=access_tokens,
        headers=headers,
        request_id=request_ids.choose(headers.text(b"x-request-id")),
        caller=find_caller(
            head.peer,
            head.scheme,
            forwarded_for=headers.text(b"x-forwarded-for"),
            forwarded_proto=headers.text(b"x-forwarded-proto"),
            trusted=trusted,
        ),
        body=body,
        is_health=is_health,
        refusal=refusal,
    )


def _clean_path(path: str) -> str:
    if not path.isascii():
        # Lone surrogates cannot become the bytes that WSGI wants.
        path = path.encode("utf-8", "replace").decode("utf-8")
    path = _SLASHES.sub("/", path)
    if path.endswith("/") and _WORKSTATION.match(path):
        # Its pages have none; the API takes both.
        path = path[:-1]
    return redaction.clean_path(path)


def _clean_query(query: str) -> tuple[str, list[str]]:
    if not query:
        return "", []
    # The server's log and the bridge to WSGI both read it as ASCII.
    query = _NOT_IN_QUERIES.sub(lambda found: f"%{ord(found[0]):02X}", query)
    return redaction.clean_query(query)


def _refused_nul(path: str, query: str) -> Refusal | None:
    """Refuse NUL: no name or text holds it, and PostgreSQL fails on it."""
    if "\0" in path or "%00" in query:
        return Refusal(400, "malformed", _("The address holds a NUL character."))
    return None
