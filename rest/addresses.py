"""Whole addresses of this site, for links that people and programs follow."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.encoding import iri_to_uri
from rest_framework.request import Request


def site_address(request: HttpRequest | Request) -> str:
    """Return the origin of this site: WEIYU_PUBLIC_URL once it is set, else as called."""
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"


def is_our_own(request: HttpRequest | Request, origin: str) -> bool:
    """Return whether a page of this origin is one of ours, whatever Host a proxy passes on."""
    return origin == settings.PUBLIC_URL or origin.partition("://")[2] == request.get_host()


def absolute(request: HttpRequest | Request, path: str) -> str:
    return f"{site_address(request)}{iri_to_uri(path)}"
