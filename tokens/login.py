"""Login by URL: what turns an AccessToken, or a one-time code, into a signed-in browser.

A session is never silently replaced: another person's, or one opened by password, is asked
about first, at top level only. A frame has a session of its own (tokens/frames.py), so there is
nobody whom it could replace.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve

from accounts.models import User
from tokens import storage
from tokens.causes import Refused
from tokens.domains import Origin
from tokens.frames import frame_of, in_frame, within
from tokens.middleware import is_carried, place_of
from tokens.models import AccessToken, LoginCode
from tokens.models.login_code import PREFIX
from tokens.sessions import end_oldest_sessions, row_key
from tokens.standing import BORN_KEY, TOKEN_KEY
from tokens.verification import Call, check, counted, verify

ROOMS = {"agent": "/agent/", "admin": "/admin/"}
PENDING_KEY = "_pending_login"
PENDING_FOR = 5 * 60  # seconds


class SeeOther(HttpResponseRedirect):
    """303: whatever the method was, go on with GET (RFC 9110, 15.4.4)."""

    status_code = 303


@dataclass(frozen=True)
class Entry:
    """Who comes in by which token, and where to. `seen` is the origin of the page they were on."""

    token: AccessToken
    person: User
    target: str
    page: str
    seen: str = ""

    @classmethod
    def of_code(cls, found: LoginCode) -> Entry:
        page = safe_next(found.target, found.next)
        return cls(found.access_token, found.user, found.target, page, found.page)

    def check(self, call: Call) -> None:
        """Raise Refused unless token and person may still open the room."""
        scope = f"login:{self.target}"
        check(self.token, call, scope=scope, person=self.person)

    def standing_call(self, request: HttpRequest) -> Call:
        """Return the call as its session will make them, once it is open."""
        address = request.META.get("REMOTE_ADDR", "")
        domains = tuple(self.token.domains)
        return Call("session", address, page=self.seen or None, domains=domains)

    def code(self, *, session_key: str = "", expires_at: datetime | None = None) -> str:
        """Return a new one-time code that stands for this entry."""
        return LoginCode.make(
            self.token,
            user=self.person,
            target=self.target,
            next_page=self.page,
            page=self.seen,
            session_key=session_key,
            expires_at=expires_at,
        )


def one_token(request: HttpRequest) -> str:
    """Return the one token of a login call, out of its address or its form."""
    sent = [*request.META.get("weiyu.access_tokens", [])]
    if request.method == "POST":
        sent += request.POST.getlist("accessToken")
    given = [token for token in sent if token]
    if not given:
        raise counted(Call.of_login(request), Refused("token-missing"))
    if len(sent) > 1:
        raise counted(Call.of_login(request), Refused("token-doubled"))
    return given[0]


def judge(request: HttpRequest, secret: str, target: str) -> Entry:
    """Return what a token, or the one-time code of a login link, opens; raises Refused."""
    call = Call.of_login(request)
    if secret.startswith(PREFIX):
        return _judge_code(secret, call)
    token = verify(secret, call, scope=f"login:{target}")
    page = safe_next(target, request.GET.get("next") or request.POST.get("next"))
    return Entry(token, token.user, target, page, call.seen)


def _judge_code(code: str, call: Call) -> Entry:
    """Look at a login link's code without using it up, and note the page that shows it."""
    found = LoginCode.peek(code)
    if found is None:
        raise counted(call, Refused("code-used"))
    Entry.of_code(found).check(call)
    found.admit(call.seen)
    return Entry.of_code(found)


def safe_next(target: str, page: str | None) -> str:
    """Return `page` if it is a page of the room that GET may open, else the room's front."""
    front = ROOMS[target]
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


def enter(request: Any, entry: Entry) -> HttpResponse:
    """Sign in, or ask first where somebody else is signed in; then go on to the page."""
    if request.access_token == entry.token and request.user == entry.person:
        return SeeOther(within(request, entry.page))
    if frame_of(request) is not None:
        return _enter_frame(request, entry)
    mine = request.access_token is not None and request.user == entry.person
    if request.user.is_authenticated and not mine:
        return _ask_to_switch(request, entry)
    if _hides_our_cookie(request):
        return SeeOther(f"/agent/auth/open#{entry.code()}")
    open_session(request, entry)
    return SeeOther(entry.page)


def _enter_frame(request: Any, entry: Entry) -> HttpResponse:
    """Sign in inside a frame, and let the next call find out whether the browser kept it."""
    open_session(request, entry)
    code = entry.code(session_key=row_key(request.session.session_key))
    query = urlencode({"code": code, "next": entry.page})
    return SeeOther(within(request, f"/agent/auth/arrived?{query}"))


def open_session(request: Any, entry: Entry) -> None:
    """Begin a session of the token, which ends no later than the token."""
    token = entry.token
    request.session.flush()
    login(request, entry.person, backend="tokens.backends.RightsBackend")
    request.session[TOKEN_KEY] = token.pk
    request.session[BORN_KEY] = {
        "page": entry.seen,
        "domains": token.domains,
        "place": place_of(request),
    }
    storage.limit(request.session, carried=is_carried(request))
    request.session.save()
    end_oldest_sessions(token)
    details: dict[str, Any] = {"target": entry.target, "way": _way(request)}
    if entry.person.pk != token.user_id:
        details["person"] = entry.person.pk
    address = request.META.get("REMOTE_ADDR")
    token.record("login", address=address, origin=entry.seen, **details)
    request.access_token = token


def _way(request: Any) -> str:
    if is_carried(request):
        return "storage"
    return "top" if frame_of(request) is None else "frame"


def _hides_our_cookie(request: Any) -> bool:
    """Return whether somebody may be signed in here although no cookie came.

    Browsers keep a `Lax` cookie back when a form of another site POSTs; our own page asks again.
    """
    call = Call.of_login(request)
    if request.method != "POST" or in_frame(request) or call.page is None:
        return False
    # A page that sends no referrer shows the origin "null": it may be anybody's.
    return call.origin is None or call.origin.host != own_host(request)


def own_host(request: HttpRequest) -> str:
    own = Origin.parse(f"{request.scheme}://{request.get_host()}")
    return own.host if own else ""


def _ask_to_switch(request: Any, entry: Entry) -> HttpResponse:
    request.session[PENDING_KEY] = {
        "token": entry.token.pk,
        "person": entry.person.pk,
        "target": entry.target,
        "next": entry.page,
        "seen": entry.seen,
        "at": time.time(),
    }
    return SeeOther("/agent/auth/switch")


def pending_login(request: Any) -> Entry | None:
    """Return the login that waits for an answer, if it is fresh."""
    pending = request.session.get(PENDING_KEY)
    if not pending or pending["at"] < time.time() - PENDING_FOR:
        return None
    token = AccessToken.objects.select_related("user").filter(pk=pending["token"]).first()
    person = User.objects.filter(pk=pending["person"]).first()
    if token is None or person is None:
        return None
    return Entry(token, person, pending["target"], pending["next"], pending["seen"])
