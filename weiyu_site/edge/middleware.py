"""The edge for WSGI (PEP 3333): for callers that do not come through the ASGI application."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from weiyu_site.edge import health, request_ids
from weiyu_site.edge.examination import Examined, RequestHead, examine
from weiyu_site.edge.proxies import Network
from weiyu_site.edge.replies import Answer

Environ = MutableMapping[str, Any]


class EdgeMiddleware:
    """Examine each request, unless the ASGI application stands before us and has done so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "weiyu.request_id" in request.META:
            return self._get_response(request)
        given = request.META.get("PATH_INFO", "")
        examined = examine_environ(request.META, settings.TRUSTED_PROXIES)
        if request.META["PATH_INFO"] != given:
            # Django has read the path before any middleware runs.
            request.path = request.path_info = examined.path
        mark = request_ids.current.set(examined.request_id)
        try:
            response = self._answer(request, examined)
        finally:
            request_ids.current.reset(mark)
        response["X-Request-ID"] = examined.request_id
        return response

    def _answer(self, request: HttpRequest, examined: Examined) -> HttpResponseBase:
        if examined.refusal:
            return _response(examined.answer(examined.refusal))
        if examined.is_health:
            return _response(health.answer(examined.path))
        return self._get_response(request)


def examine_environ(environ: Environ, trusted: Sequence[Network]) -> Examined:
    """Clean a WSGI environ in place, as far as its server has left the parts to see."""
    path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
    headers = _take_headers(environ)
    head = RequestHead(
        method=environ.get("REQUEST_METHOD", ""),
        path=path,
        query=environ.get("QUERY_STRING", ""),
        headers=[(name, value) for name, (_, value) in headers.items()],
        peer=environ.get("REMOTE_ADDR", ""),
        scheme=environ.get("wsgi.url_scheme", "http"),
    )
    examined = examine(head, trusted)
    for unclean in ("REQUEST_URI", "RAW_URI"):
        environ.pop(unclean, None)
    if examined.path != path:
        environ["PATH_INFO"] = examined.path.encode().decode("latin-1")
    for name, value in examined.headers.kept:
        environ[headers[name][0]] = value.decode("latin-1")
    environ["QUERY_STRING"] = examined.query
    environ["REMOTE_ADDR"], environ["wsgi.url_scheme"] = examined.caller
    environ["weiyu.access_tokens"] = examined.access_tokens
    environ["weiyu.request_id"] = examined.request_id
    return examined


def _take_headers(environ: Environ) -> dict[bytes, tuple[str, bytes]]:
    """Take the headers out, by name, each with its key."""
    keys = [key for key in environ if key.startswith("HTTP_")]
    # These two have no prefix (RFC 3875, section 4.1); some servers give them with one as well.
    keys += [key for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(key)]
    return {
        key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1", "replace"): (
            key,
            str(environ.pop(key)).encode("latin-1", "replace"),
        )
        for key in keys
    }


def _response(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, headers=answer.headers)
