"""Addresses of our pages: of signing in, and of where to go on."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from tokens.origins.domains import Origin

TARGET_PAGES = {"agent": "/agent/", "admin": "/admin/"}


def safe_next(target: str, page: str | None) -> str:
    """Return `page` if it is a page of the target that GET may open, else its front page."""
    front = TARGET_PAGES[target]
    if not page or len(page) > 500:
        return front
    if not page.startswith(front) or any(bad in page.lower() for bad in ("\\", "..", "%2e", "//")):
        return front
    path = unquote(urlsplit(page).path)
    if any(character < " " for character in unquote(page)) or "//" in path or ".." in path:
        return front
    if "/auth/" in path or path.rstrip("/").endswith(("/login", "/logout")):
        return front
    try:
        resolve(path)
    except Resolver404:
        return front
    return page


def own_host(request: HttpRequest) -> str:
    own = Origin.parse(f"{request.scheme}://{request.get_host()}")
    return own.host if own else ""


def login_address(target: str, secret: str, site: str) -> str:
    return f"{site}/{target}/auth/login?accessToken={secret}"
