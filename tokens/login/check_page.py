"""A page that an integrator opens inside a frame, to see what the browser sends and keeps there.

It belongs to nobody: no session, no secret, and only test cookies that are gone after a minute.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, parse_cookie
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tokens.embedding.policies import ANYONE, framed_by
from tokens.login.middleware import open_to_all
from tokens.origins.domains import Origin

LAX = "weiyu-check-lax"
PARTITIONED = "weiyu-check-partitioned"
GOOD_FOR = 60  # seconds


@open_to_all
@require_GET
def embed_check(request: HttpRequest) -> HttpResponse:
    """Show what came with this call; asked for `cookies`, say which test cookies came back."""
    if "cookies" in request.GET:
        # Not request.COOKIES: sessions take all names of ours out of it.
        came = parse_cookie(request.META.get("HTTP_COOKIE", ""))
        answer: HttpResponse = JsonResponse(
            {"lax": LAX in came, "partitioned": PARTITIONED in came}
        )
    else:
        answer = render(request, "tokens/embed_check.html", {"seen": _seen(request)})
        _set_test_cookies(request, answer)
    answer.headers["Cache-Control"] = "no-store"
    return framed_by(answer, ANYONE)


def _seen(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what the browser sent, by the names of the headers."""
    referrer = Origin.parse(request.headers.get("Referer", ""))
    fetch = [f"Sec-Fetch-{part}" for part in ("Dest", "Site", "Mode")]
    return [
        ("Referer", str(referrer or "")),
        *((name, request.headers.get(name, "")[:40]) for name in fetch),
    ]


def _set_test_cookies(request: HttpRequest, answer: HttpResponse) -> None:
    kept: Any = {"max_age": GOOD_FOR, "path": request.path, "httponly": True}
    answer.set_cookie(LAX, "1", secure=request.is_secure(), samesite="Lax", **kept)
    if request.is_secure():
        answer.set_cookie(PARTITIONED, "1", secure=True, samesite="None", **kept)
        answer.cookies[PARTITIONED]["partitioned"] = True
