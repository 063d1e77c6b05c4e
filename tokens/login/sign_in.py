"""Opening the session that a token or a code gives, where nobody else is signed in."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import CSRF_SESSION_KEY

from accounts.models import User
from tokens.embedding.frames import in_frame, within
from tokens.login.addresses import own_host
from tokens.login.entry import Login
from tokens.login.middleware import session_context
from tokens.models import AccessToken
from tokens.request import GRANT_KEY, PENDING_KEY, TOKEN_KEY, TokenRequest, address_of
from tokens.sessions import carried
from tokens.sessions.engine import end_oldest_sessions, row_key
from tokens.verification.call import Call

PENDING_FOR = 5 * 60  # seconds


class SeeOther(HttpResponseRedirect):
    """303: whatever the method was, go on with GET (RFC 9110, 15.4.4)."""

    status_code = 303


def enter(request: TokenRequest, entry: Login) -> HttpResponse:
    """Sign in, or ask first where somebody else is signed in; then go on to the page."""
    if request.access_token == entry.token and request.user == entry.person:
        return SeeOther(within(request, entry.page))
    if request.frame is not None:
        return _enter_frame(request, entry)
    mine = request.access_token is not None and request.user == entry.person
    if request.user.is_authenticated and not mine:
        return _ask_to_switch(request, entry)
    if _hides_our_cookie(request):
        return SeeOther(f"/agent/auth/open#{entry.code()}")
    open_session(request, entry)
    return SeeOther(entry.page)


def _enter_frame(request: TokenRequest, entry: Login) -> HttpResponse:
    """Sign in inside a frame, and let the next call find out whether the browser kept it."""
    open_session(request, entry)
    code = entry.code(session_key=row_key(request.session.session_key))
    query = urlencode({"code": code, "next": entry.page})
    return SeeOther(within(request, f"/agent/auth/arrived?{query}"))


@transaction.atomic
def open_session(request: TokenRequest, entry: Login) -> None:
    """Begin a session of the token, which ends no later than the token.

    In one transaction: on SQLite it waits once for other writers, and nobody sees, or ends, a
    session that is half open.
    """
    token = entry.token
    request.session.flush()
    login(request, entry.person, backend="tokens.backends.RightsBackend")
    # Django's middleware would add it on the way out, to a session that may have ended by then.
    request.session[CSRF_SESSION_KEY] = request.META["CSRF_COOKIE"]
    request.session[TOKEN_KEY] = token.pk
    request.session[GRANT_KEY] = {
        "page": entry.seen,
        "domains": token.domains,
        "context": session_context(request),
    }
    carried.limit(request.session, carried=request.session_is_carried)
    request.session.save()
    end_oldest_sessions(token, beside=request.session.session_key)
    details: dict[str, Any] = {"target": entry.target, "way": _kept_by(request)}
    if entry.person.pk != token.user_id:
        details["person"] = entry.person.pk
    token.record("login", address=address_of(request), origin=entry.seen, **details)
    request.access_token = token


def _kept_by(request: TokenRequest) -> str:
    if request.session_is_carried:
        return "storage"
    return "top" if request.frame is None else "frame"


def _hides_our_cookie(request: TokenRequest) -> bool:
    """Return whether somebody may be signed in here although no cookie came.

    Browsers keep a `Lax` cookie back when a form of another site POSTs; our own page asks again.
    """
    call = Call.of_login(request)
    if request.method != "POST" or in_frame(request) or call.page is None:
        return False
    # A page that sends no referrer shows the origin "null": it may be anybody's.
    return call.origin is None or call.origin.host != own_host(request)


def _ask_to_switch(request: TokenRequest, entry: Login) -> HttpResponse:
    request.session[PENDING_KEY] = {
        "token": entry.token.pk,
        "person": entry.person.pk,
        "target": entry.target,
        "next": entry.page,
        "seen": entry.seen,
        "at": time.time(),
    }
    return SeeOther("/agent/auth/switch")


def pending_login(request: TokenRequest) -> Login | None:
    """Return the login that waits for an answer, if it is fresh."""
    pending = request.session.get(PENDING_KEY)
    if not pending or pending["at"] < time.time() - PENDING_FOR:
        return None
    token = AccessToken.objects.select_related("user").filter(pk=pending["token"]).first()
    person = User.objects.filter(pk=pending["person"]).first()
    if token is None or person is None:
        return None
    return Login(token, person, pending["target"], pending["next"], pending["seen"])
