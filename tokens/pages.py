"""The pages of signing in by link: login, switch of person, one-time codes, password again."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from tokens.doors import CONFIRMED_KEY, may_enter, turn_away
from tokens.framing import ANYONE, NOBODY, framed_by
from tokens.login import (
    PENDING_KEY,
    ROOMS,
    SeeOther,
    enter,
    one_token,
    open_session,
    pending_login,
    safe_next,
)
from tokens.middleware import open_to_all
from tokens.models import LoginCode
from tokens.refusals import refused_page
from tokens.verification import Call, Refused, check, verify


def _hide(response: HttpResponse) -> HttpResponse:
    """Keep an answer to a credential out of caches and out of the next page's Referer."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@open_to_all
@csrf_exempt  # the credential is in the call itself; a form of another site must work
@sensitive_post_parameters("accessToken")
@sensitive_variables("secret")
def login_by_token(request: HttpRequest, target: str) -> HttpResponse:
    """Sign in by `accessToken` and go on to the room, or say why not."""
    if request.method not in {"GET", "POST"}:
        return _hide(HttpResponse(status=405, headers={"Allow": "GET, POST"}))
    if _is_only_looking(request):
        return _hide(HttpResponse(status=403))
    try:
        secret = one_token(request)
        token = verify(secret, Call.of_login(request), scope=f"login:{target}")
    except Refused as refusal:
        return refused_page(request, refusal, room=target)
    page = safe_next(target, request.GET.get("next") or request.POST.get("next"))
    return _hide(enter(request, token, target=target, page=page))


def _is_only_looking(request: HttpRequest) -> bool:
    """Prefetching browsers and previews must not sign anybody in."""
    purpose = " ".join(
        request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz")
    )
    return "prefetch" in purpose.lower() or "prerender" in purpose.lower()


@open_to_all
@require_GET
def arrived(request: Any) -> HttpResponse:
    """Find out whether the browser kept the cookie; if not, say why and offer a tab."""
    code = request.GET.get("code", "")
    page = request.GET.get("next", "")
    target = "admin" if page.startswith("/admin/") else "agent"
    if request.user.is_authenticated:
        LoginCode.redeem(code)
        return _hide(SeeOther(safe_next(target, page)))
    response = render(request, "tokens/no_cookies.html", {"code": code, "room": target})
    framed_by(response, ANYONE)
    return _hide(response)


@method_decorator(open_to_all, name="dispatch")
@method_decorator(csrf_exempt, name="dispatch")  # the code is the credential
class OpenByCode(View):
    """Exchange a one-time code for a session.

    GET shows a page whose script POSTs the code out of the fragment, so that neither logs nor
    mail scanners get hold of it.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        # Not "no-referrer": under it the form would show the origin "null" instead of ours.
        response = _never_framed(render(request, "tokens/open.html"))
        response.headers["Cache-Control"] = "no-store"
        return response

    @method_decorator(sensitive_post_parameters("code"))
    def post(self, request: Any) -> HttpResponse:
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.get_host():
            return refused_page(request, Refused("domain-not-allowed", seen=origin[:100]))
        found = LoginCode.redeem(request.POST.get("code", ""))
        if found is None:
            return refused_page(request, Refused("code-used"))
        try:
            check(found.access_token, Call.of_session(request), scope=f"login:{found.target}")
        except Refused as refusal:
            return refused_page(request, refusal, room=found.target)
        page = safe_next(found.target, found.next)
        return _hide(enter(request, found.access_token, target=found.target, page=page))


@open_to_all
@never_cache
@require_http_methods(["GET", "POST"])
def switch(request: Any) -> HttpResponse:
    """Ask "continue as Y?" before a link replaces somebody else's session."""
    pending = pending_login(request)
    if pending is None:
        return _hide(SeeOther(ROOMS["agent"]))
    token, target, page = pending
    if request.method == "POST":
        try:
            check(token, Call.of_session(request), scope=f"login:{target}")
        except Refused as refusal:
            del request.session[PENDING_KEY]
            return refused_page(request, refusal, room=target)
        open_session(request, token, target=target)
        return _hide(SeeOther(page))
    context = {"person": token.user, "current": request.user, "room": target}
    return _never_framed(render(request, "tokens/switch.html", context))


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def confirm_password(request: Any) -> HttpResponse:
    """Ask the password in a session that came by a token, before it may manage tokens."""
    if not may_enter(request, "admin"):
        return turn_away(request, "admin")
    page = safe_next("admin", request.GET.get("next"))
    context: dict[str, Any] = {"has_password": request.user.has_usable_password(), "error": ""}
    if request.method == "POST":
        password = request.POST.get("password", "")
        if authenticate(request, username=request.user.username, password=password):
            request.session[CONFIRMED_KEY] = time.time()
            return redirect(page)
        context["error"] = _("That is not the password. Try again.")
    return _never_framed(render(request, "tokens/confirm.html", context))


def _never_framed(response: HttpResponse) -> HttpResponse:
    framed_by(response, NOBODY)
    return response
