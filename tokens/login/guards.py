"""Who may open the pages of the workstation and of the admin, and what others see instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from tokens.embedding.frames import frame_of, in_frame, without
from tokens.embedding.policies import ANYONE, framed_by
from tokens.errors import Refused
from tokens.login.middleware import is_carried
from tokens.login.refused_page import refused_page
from tokens.scopes import ROLE_SCOPES, allows


def may_enter(request: Any, target: str) -> bool:
    """Return whether the caller may use the pages of "agent" or "admin"."""
    return bool(
        request.user.is_active and allows(request.user, request.access_token, f"login:{target}")
    )


def agent_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only people of the workstation through; others are asked to sign in or told why not."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if may_enter(request, "agent"):
            return view(request, *args, **kwargs)
        return turn_away(request, "agent")

    return guarded


def turn_away(request: Any, target: str) -> HttpResponse:
    """Ask strangers to sign in; tell people of another role, or with a weak token, why not."""
    scope = f"login:{target}"
    if request.user.is_authenticated:
        lacks_role = scope not in ROLE_SCOPES[request.user.role]
        return refused_page(
            request,
            Refused("role" if lacks_role else "insufficient-scope", scope=scope),
            target=target,
        )
    if _may_hold_its_session_itself(request, target):
        return shell(request)
    if in_frame(request) or request.headers.get("HX-Request"):
        # The sign-in page is never framed, so a frame is told instead of staying blank.
        return refused_page(request, Refused("signed-out"), target=target)
    login = "/agent/login" if target == "agent" else "/admin/login/"
    return HttpResponseRedirect(f"{login}?next={quote(without(request.get_full_path()))}")


def _may_hold_its_session_itself(request: Any, target: str) -> bool:
    """Return whether a frame asks for a page as browsers do: without what its scripts keep."""
    if frame_of(request) is None or target != "agent" or is_carried(request):
        return False
    return bool(request.method == "GET" and not request.headers.get("HX-Request"))


def shell(request: Any) -> HttpResponse:
    """Answer with an empty page whose script fetches the same address with the frame's session.

    It holds nothing personal, and only the pages that the token lists may frame it.
    """
    frame = request.frame
    ancestors = frame.frame_ancestors()
    if ancestors is None:
        return refused_page(request, Refused("token-deleted"), target="agent")
    response = render(request, "tokens/shell.html", {"frame": frame})
    framed_by(response, ancestors or ANYONE)
    return response
