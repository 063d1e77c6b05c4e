"""Which pages may frame ours, and the other browser policies of every page.

A view may set `response.frame_ancestors`: a list of CSP sources, empty for anyone, or
`NOBODY`. Without it a session opened by a token is framed by the token's domains, and everything
else by nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from corsheaders.middleware import CorsMiddleware as StockCors
from csp.middleware import HEADER, CSPMiddleware
from django.http import HttpRequest, HttpResponseBase

from tokens.request import token_request

AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)

NOBODY: list[str] = ["'none'"]
ANYONE: list[str] = []
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
# What JSON, pictures and files need, if a browser is led to open one as a page.
NOTHING = "default-src 'none'; frame-ancestors 'none'"


class PolicyMiddleware(CSPMiddleware):
    """Write the policy of each page; what is no page needs none worked out."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if is_page(response):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, NOTHING)
        return response


class CorsMiddleware(StockCors):
    """The API is for pages of every site; inside a frame it is for our own pages alone."""

    def is_enabled(self, request: HttpRequest) -> bool:
        return token_request(request).frame is None and bool(super().is_enabled(request))


class FramingMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        self._set_frame_policy(request, response)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if is_page(response):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _set_frame_policy(self, request: HttpRequest, response: HttpResponseBase) -> None:
        ancestors = frame_ancestors(request, response)
        if ancestors == NOBODY:
            response.headers["X-Frame-Options"] = "DENY"
        # None takes the directive out: "*" would shut out the shells of desktop and mobile apps.
        replaced = {"frame-ancestors": ancestors or None}
        cast(Any, response)._csp_replace = {**getattr(response, "_csp_replace", {}), **replaced}


def is_page(response: HttpResponseBase) -> bool:
    return bool(response.headers.get("Content-Type", "").startswith("text/html"))


def frame_ancestors(request: HttpRequest, response: HttpResponseBase) -> list[str]:
    """Return the sources that may frame the response; an empty list is anyone."""
    chosen: list[str] | None = getattr(response, "frame_ancestors", None)
    if chosen is not None:
        return chosen
    token = token_request(request).access_token
    if token is not None and not request.path_info.startswith("/api/"):
        return list(token.frame_ancestors())
    return NOBODY


class _Framed(Protocol):
    frame_ancestors: list[str]


def framed_by(response: AnyResponse, ancestors: list[str]) -> AnyResponse:
    """Let these sources frame the response, and return it: `ANYONE`, `NOBODY` or a list."""
    cast("_Framed", response).frame_ancestors = ancestors
    return response
