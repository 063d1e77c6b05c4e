"""Login by URL: what turns an AccessToken, or a one-time code, into a signed-in browser.

A session is never silently replaced: another person's, or one opened by password, is asked
about first, at top level only.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone

from tokens.domains import Origin
from tokens.framing import ANYONE, framed_by
from tokens.middleware import in_frame
from tokens.models import AccessToken, LoginCode
from tokens.sessions import TOKEN_KEY, end_oldest_sessions, forget_expired_sessions
from tokens.verification import Call, Refused

ROOMS = {"agent": "/agent/", "admin": "/admin/"}
PENDING_KEY = "_pending_login"
PENDING_FOR = 5 * 60  # seconds


class SeeOther(HttpResponseRedirect):
    """303: whatever the method was, go on with GET (RFC 9110, 15.4.4)."""

    status_code = 303


def one_token(request: HttpRequest) -> str:
    """Return the one token of a login call, out of its address or its form."""
    sent = [*request.META.get("weiyu.access_tokens", [])]
    if request.method == "POST":
        sent += request.POST.getlist("accessToken")
    given = [token for token in sent if token]
    if not given:
        raise Refused("token-missing")
    if len(sent) > 1:
        raise Refused("token-doubled")
    return given[0]


def safe_next(target: str, page: str | None) -> str:
    """Return `page` if it is a page of the room that GET may open, else the room's front."""
    front = ROOMS[target]
    if not page or len(page) > 500:
        return front
    path = unquote(urlsplit(page).path)
    if not page.startswith(front) or any(bad in page.lower() for bad in ("\\", "..", "%2e", "//")):
        return front
    if any(character < " " for character in unquote(page)) or "//" in path or ".." in path:
        return front
    if "/auth/" in path or path.rstrip("/").endswith(("/login", "/logout")):
        return front
    try:
        resolve(path)
    except Resolver404:
        return front
    return page


def enter(request: Any, token: AccessToken, *, target: str, page: str) -> HttpResponse:
    """Sign in by a verified token, or ask first where somebody else is signed in."""
    if request.access_token == token:
        return SeeOther(page)
    mine = request.access_token is not None and request.user == token.user
    if request.user.is_authenticated and not mine:
        return _ask_to_switch(request, token, target=target, page=page)
    if _hides_our_cookie(request):
        code = LoginCode.make(token, target=target, next_page=page)
        return SeeOther(f"/agent/auth/open#{code}")
    open_session(request, token, target=target)
    if _may_lose_cookies(request):
        code = LoginCode.make(token, target=target, next_page=page)
        return SeeOther("/agent/auth/arrived?" + urlencode({"code": code, "next": page}))
    return SeeOther(page)


def open_session(request: Any, token: AccessToken, *, target: str) -> None:
    """Begin a session of the token, which ends no later than the token."""
    request.session.flush()
    login(request, token.user, backend="tokens.backends.RightsBackend")
    request.session[TOKEN_KEY] = token.pk
    left = int((token.expires_at - timezone.now()).total_seconds())
    request.session.set_expiry(max(1, min(left, settings.SESSION_COOKIE_AGE)))
    request.session.save()
    end_oldest_sessions(token)
    forget_expired_sessions()
    call = Call.of_login(request)
    token.record("login", address=call.address, origin=call.seen, target=target)
    request.access_token = token


def _hides_our_cookie(request: Any) -> bool:
    """Return whether somebody may be signed in here although no cookie came.

    Browsers keep a `Lax` cookie back when a form of another site POSTs; our own page asks again.
    """
    origin = Call.of_login(request).origin
    return (
        request.method == "POST"
        and not in_frame(request)
        and origin is not None
        and origin.host != own_host(request)
    )


def own_host(request: HttpRequest) -> str:
    own = Origin.parse(f"{request.scheme}://{request.get_host()}")
    return own.host if own else ""


def _may_lose_cookies(request: HttpRequest) -> bool:
    """Return whether this may be a frame of another site over http, which keeps no cookie.

    Over plain http the browser does not say whether it shows a frame, so every login that
    another host's page began goes past a page that finds out.
    """
    origin = Call.of_login(request).origin
    if request.is_secure() or in_frame(request) is False or origin is None:
        return False
    return origin.host != own_host(request)


def _ask_to_switch(request: Any, token: AccessToken, *, target: str, page: str) -> HttpResponse:
    if in_frame(request) is not False:
        # A frame must not hold a form that signs people in: the question opens in a tab.
        code = LoginCode.make(token, target=target, next_page=page)
        context = {"person": token.user, "current": request.user, "code": code}
        response = render(request, "tokens/switch_in_tab.html", context)
        framed_by(response, token.frame_ancestors() or ANYONE)
        return response
    request.session[PENDING_KEY] = {
        "token": token.pk,
        "target": target,
        "next": page,
        "at": time.time(),
    }
    return SeeOther("/agent/auth/switch")


def pending_login(request: Any) -> tuple[AccessToken, str, str] | None:
    """Return (token, target, next) of the login that waits for an answer, if it is fresh."""
    pending = request.session.get(PENDING_KEY)
    if not pending or pending["at"] < time.time() - PENDING_FOR:
        return None
    token = AccessToken.objects.select_related("user").filter(pk=pending["token"]).first()
    return (token, pending["target"], pending["next"]) if token else None
