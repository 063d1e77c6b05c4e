"""The page that says why a token or a session was refused, and what to do about it."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from rest.problems import answer
from tokens.embedding.policies import ANYONE, framed_by
from tokens.errors import Refused


def refused_page(request: HttpRequest, refusal: Refused, *, target: str = "") -> HttpResponse:
    """Answer with the cause as a page, or as a problem where the caller accepts only JSON.

    Anyone may frame it, so that an integrator sees the reason inside the iframe; it holds no
    form and never the token.
    """
    refusal.in_browser = True
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        response = cast(HttpResponse, answer(refusal, request))
    else:
        target = target or ("admin" if request.path_info.startswith("/admin") else "agent")
        context = {"refusal": refusal, "target": target}
        response = render(request, "tokens/refused.html", context, status=refusal.status)
        if request.headers.get("HX-Request"):
            # A fragment cannot say it: the whole page comes anew and does.
            response.headers["HX-Refresh"] = "true"
    return framed_by(hide(response), ANYONE)


def hide(response: HttpResponse) -> HttpResponse:
    """Keep an answer to a credential out of caches and out of the next page's Referer."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
