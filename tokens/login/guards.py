"""Who may open the pages of the workstation and of the admin, and what others see instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from tokens.embedding.frames import Frame, in_frame, without
from tokens.embedding.policies import ANYONE, framed_by
from tokens.errors import Refused
from tokens.login.refused_page import refused_page
from tokens.request import TokenRequest
from tokens.scopes import allows
from tokens.verification.rules import lack_of


def may_enter(request: TokenRequest, target: str) -> bool:
    """Return whether the caller may use the pages of "agent" or "admin"."""
    user = request.user
    return user.is_active and allows(user, request.access_token, f"login:{target}")


def agent_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only people of the workstation through; others are asked to sign in or told why not."""

    @wraps(view)
    def guarded(request: TokenRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if may_enter(request, "agent"):
            return view(request, *args, **kwargs)
        return turn_away(request, "agent")

    return guarded


def turn_away(request: TokenRequest, target: str) -> HttpResponse:
    """Ask strangers to sign in; tell people of another role, or with a weak token, why not."""
    scope = f"login:{target}"
    if request.user.is_authenticated:
        return refused_page(request, lack_of(scope, request.user), target=target)
    if request.frame is not None and target == "agent" and _is_asked_by_browser(request):
        return shell(request, request.frame)
    if in_frame(request) or request.headers.get("HX-Request"):
        # The sign-in page is never framed, so a frame is told instead of staying blank.
        return refused_page(request, Refused("signed-out"), target=target)
    login = "/agent/login" if target == "agent" else "/admin/login/"
    return HttpResponseRedirect(f"{login}?next={quote(without(request.get_full_path()))}")


def _is_asked_by_browser(request: TokenRequest) -> bool:
    """Return whether a page is asked for as browsers do: without what a frame's scripts keep."""
    is_of_scripts = request.session_is_carried or bool(request.headers.get("HX-Request"))
    return request.method == "GET" and not is_of_scripts


def shell(request: TokenRequest, frame: Frame) -> HttpResponse:
    """Answer with an empty page whose script fetches the same address with the frame's session.

    It holds nothing personal, and only the pages that the token lists may frame it.
    """
    ancestors = frame.frame_ancestors()
    if ancestors is None:
        return refused_page(request, Refused("token-deleted"), target="agent")
    return framed_by(render(request, "tokens/shell.html", {"frame": frame}), ancestors or ANYONE)
