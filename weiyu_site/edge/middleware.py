"""The edge for callers that do not come through the ASGI application."""

from __future__ import annotations

from collections.abc import Callable

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from weiyu_site.edge import bodies, health, request_ids
from weiyu_site.edge.examination import examine_environ
from weiyu_site.edge.problem import Refusal

Answer = Callable[[HttpRequest], HttpResponseBase]


class EdgeMiddleware:
    """Do what the edge does, unless it stands before us already."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "weiyu.request_id" in request.META:
            return self._get_response(request)
        refusal = self._examine(request)
        request_id = request.META["weiyu.request_id"]
        mark = request_ids.current.set(request_id)
        try:
            response = _refused(request, refusal) if refusal else self._answer(request)
        finally:
            request_ids.current.reset(mark)
        response["X-Request-ID"] = request_id
        return response

    def _examine(self, request: HttpRequest) -> Refusal | None:
        given = request.META.get("PATH_INFO", "")
        refusal = examine_environ(request.META, settings.TRUSTED_PROXIES)
        if (clean := request.META["PATH_INFO"]) != given:
            # Django has read the path before any middleware runs.
            request.path = request.path_info = clean
        return refusal or _too_large(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in health.PATHS and request.method in {"GET", "HEAD"}:
            return _healthy(request.path)
        return self._get_response(request)


def _too_large(request: HttpRequest) -> Refusal | None:
    try:
        length = bodies.declared_length(str(request.META.get("CONTENT_LENGTH") or ""))
    except Refusal as refusal:
        return refusal
    if length > bodies.largest(request.path, request.META.get("CONTENT_TYPE", "")):
        return bodies.too_large(length)
    return None


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    body = refusal.body(
        request.META["weiyu.request_id"], request.META.get("HTTP_ACCEPT_LANGUAGE", "")
    )
    headers = refusal.headers(request.path)
    headers.pop("connection", None)
    return HttpResponse(body, status=refusal.status, headers=headers)


def _healthy(path: str) -> HttpResponse:
    if path == "/healthz":
        status, body = health.alive()
    else:
        layer_works = async_to_sync(health.LayerProbe().works)()
        status, body = health.ready({**health.look_at_data(), "channel_layer": layer_works})
    return HttpResponse(body, status=status, headers=health.HEADERS)
