"""The description of the API, for programs and for people, and the answer to unknown addresses."""

from __future__ import annotations

import hashlib
import threading
from functools import cache

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.utils.encoding import force_bytes
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from rest.problems import not_found, problem

RENDERERS = {"json": OpenApiJsonRenderer, "yaml": OpenApiYamlRenderer}


_MAKING = threading.Lock()


def rendered_schema(kind: str) -> bytes:
    """Return the whole description; it depends on the code alone, so it is made once."""
    # The generator fills tables of its own while it runs, and two at once fail.
    with _MAKING:
        return make_schema(kind)


@cache
def make_schema(kind: str) -> bytes:
    with translation.override("en"):
        document = SchemaGenerator().get_schema(request=None, public=True)
        return force_bytes(RENDERERS[kind]().render(document, renderer_context={}))


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """Answer the OpenAPI description, as YAML or with `?format=json` as JSON."""
    kind = request.GET.get("format", "yaml")
    if kind not in RENDERERS:
        return problem(400, "invalid", "The format is json or yaml.", request=request)
    body = rendered_schema(kind)
    response = HttpResponse(body, content_type=RENDERERS[kind].media_type)
    response["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    patch_cache_control(response, public=True, max_age=300)
    return response


# Swagger UI's stylesheet carries its icons as data: addresses.
@csp_update({"img-src": ["data:"]})
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the description as a page where a person can paste a token and try a call."""
    return render(request, "rest/docs.html")


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:
    return not_found(request)
