"""Which pages may frame ours, and the other browser policies of every page.

A view may set `response.frame_ancestors`: a list of CSP sources, empty for anyone, or
`NOBODY`. Without it a session opened by a token is framed by the token's domains, and everything
else by nobody.
"""

from __future__ import annotations

from typing import TypeVar

from corsheaders.middleware import CorsMiddleware as StockCors
from csp.middleware import HEADER, CSPMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

from records.addresses import MASK
from tokens.request import token_request

# What opens a page or a call: no cache may give one caller what another one's opened.
CREDENTIALS = ("Authorization", "X-Weiyu-Session", "Cookie")
NOBODY: list[str] = ["'none'"]
ANYONE: list[str] = []
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
# What JSON, pictures and files need, if a browser is led to open one as a page.
NOTHING = "default-src 'none'; frame-ancestors 'none'"


_Response = TypeVar("_Response", bound=HttpResponseBase)


class PolicyMiddleware(CSPMiddleware):
    """Write the policies of each response; what is no page needs no CSP worked out."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        self._set_frame_policy(request, response)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if _held_token(request):
            # Not "no-referrer": under it a form of the page would show the origin "null".
            response.headers.setdefault("Referrer-Policy", "strict-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        patch_vary_headers(response, CREDENTIALS)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "no-store")
            return super().process_response(request, response)
        # With a version a browser may keep it, and asks whether it is still so.
        kept = "private, no-cache" if "ETag" in response.headers else "private, no-store"
        response.headers.setdefault("Cache-Control", kept)
        response.headers.setdefault(HEADER, NOTHING)
        return response

    def _set_frame_policy(self, request: HttpRequest, response: HttpResponseBase) -> None:
        ancestors = frame_ancestors(request, response)
        if ancestors == NOBODY:
            response.headers["X-Frame-Options"] = "DENY"
        # None takes the directive out: "*" would shut out the shells of desktop and mobile apps.
        replaced = {**getattr(response, "_csp_replace", {}), "frame-ancestors": ancestors or None}
        vars(response)["_csp_replace"] = replaced


def _held_token(request: HttpRequest) -> bool:
    """Return whether a token stood in the address that the browser has, wherever that leads.

    What a page loads, and where it goes on, shows its whole address to us by default.
    """
    # The edge took it out, or masked it, before anybody could log it.
    taken_out = request.META.get("weiyu.access_tokens")
    return bool(taken_out) or MASK in request.get_full_path()


class CorsMiddleware(StockCors):
    """The API is for pages of every site; inside a frame it is for our own pages alone."""

    def is_enabled(self, request: HttpRequest) -> bool:
        return token_request(request).frame is None and bool(super().is_enabled(request))


def frame_ancestors(request: HttpRequest, response: HttpResponseBase) -> list[str]:
    """Return the sources that may frame the response; an empty list is anyone."""
    chosen: list[str] | None = getattr(response, "frame_ancestors", None)
    if chosen is not None:
        return chosen
    token = token_request(request).access_token
    if token is not None and not request.path_info.startswith("/api/"):
        return list(token.frame_ancestors())
    return NOBODY


def holding_secret(response: _Response) -> _Response:
    """Mark a page that shows a token or a code: neither kept nor compressed by anybody.

    The length of what is compressed can betray a secret in it.
    """
    response.headers["Cache-Control"] = "no-store, no-transform"
    return response


def framed_by(response: _Response, ancestors: list[str]) -> _Response:
    """Let these sources frame the response, and return it: `ANYONE`, `NOBODY` or a list."""
    vars(response)["frame_ancestors"] = ancestors
    return response
