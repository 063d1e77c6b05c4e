"""Sessions in two cookies, and the person behind a request together with their token."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import Morsel
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware as StockAuthentication
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware as StockSessions
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from tokens.embedding.frames import frame_of
from tokens.errors import Refused
from tokens.login.refused_page import refused_page
from tokens.request import ENDED_KEY, attach
from tokens.sessions.carried import prolong
from tokens.sessions.grant import Grant
from tokens.verification.call import Call
from tokens.verification.credentials import bearer_of
from tokens.verification.usage import touch

# Python learned this attribute in 3.14; browsers need it for cookies in frames of other sites.
Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]
Morsel._flags.add("partitioned")  # type: ignore[attr-defined]

PLAIN_COOKIE = "weiyu"
SECURE_COOKIE = "__Host-weiyu"
PLAIN_FRAME_COOKIE = "weiyu-frame-"
SECURE_FRAME_COOKIE = "__Host-weiyu-frame-"
# Where the browser keeps no cookie, the scripts of a frame send the key of its session here.
SESSION_HEADER = "X-Weiyu-Session"


class SessionMiddleware(StockSessions):
    """Keep the sessions of frames apart from each other and from the browser's own tabs.

    A tab keeps a `Lax` cookie. Each frame has one of its own name: partitioned and
    `SameSite=None` over https, `Lax` over http; or none at all, then its scripts carry the key.
    The stock middleware sees one logical cookie; where it really is, is chosen here.
    """

    def process_request(self, request: Any) -> None:
        request.session_jar = _jar(request)
        found = request.COOKIES.get(request.session_jar)
        carried = request.headers.get(SESSION_HEADER) if frame_of(request) else None
        for name in [*request.COOKIES]:
            if name.startswith((PLAIN_COOKIE, SECURE_COOKIE)):
                del request.COOKIES[name]
        if carried:
            keep_no_cookie(request)
        # A bearer is judged alone. Other schemes belong to proxies in front.
        is_bearer = bearer_of(request.META.get("HTTP_AUTHORIZATION", "")) is not None
        if (carried or found) and not is_bearer:
            request.COOKIES[settings.SESSION_COOKIE_NAME] = carried or found
        super().process_request(request)

    def process_response(self, request: Any, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        morsel = response.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        if morsel is not None and not is_carried(request):
            _put(response, request.session_jar, morsel)
        return response


def keep_no_cookie(request: Any) -> None:
    """Let the session of this call travel in a header, never in a cookie."""
    request.session_is_carried = True


def is_carried(request: Any) -> bool:
    """Return whether the session came in a header, from a frame that keeps no cookie."""
    return bool(getattr(request, "session_is_carried", False))


def session_context(request: Any) -> str:
    """Return where a session counts, and nowhere else: "tab", or a frame's key and who keeps it."""
    frame = frame_of(request)
    if frame is None:
        return "tab"
    return f"{frame.key} {'carried' if is_carried(request) else 'kept'}"


def _jar(request: HttpRequest) -> str:
    """Return the name of the cookie that holds the session of this call."""
    frame = frame_of(request)
    if frame is None:
        return SECURE_COOKIE if request.is_secure() else PLAIN_COOKIE
    return (SECURE_FRAME_COOKIE if request.is_secure() else PLAIN_FRAME_COOKIE) + frame.key


def _put(response: HttpResponse, jar: str, morsel: Morsel[str]) -> None:
    """Set or delete the cookie under its real name; deletion repeats the attributes."""
    is_partitioned = jar.startswith(SECURE_FRAME_COOKIE)
    response.cookies[jar] = morsel.value
    kept = response.cookies[jar]
    for attribute in ("expires", "max-age", "path", "httponly"):
        kept[attribute] = morsel[attribute]
    kept["httponly"] = True
    kept["secure"] = jar.startswith("__Host-") or bool(morsel["secure"])
    kept["samesite"] = "None" if is_partitioned else settings.SESSION_COOKIE_SAMESITE
    if is_partitioned:
        kept["partitioned"] = True


class AuthenticationMiddleware(StockAuthentication):
    """Add the token of a session to the request, after asking whether it is still good.

    `request.access_token` is the row or None, `request.ended` the cause for which the token's
    session ended. Every click of such a session costs the same one query as a call of the API.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.access_token = None  # type: ignore[attr-defined]
        request.ended = None  # type: ignore[attr-defined]
        request.refusal = None  # type: ignore[attr-defined]
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            self._recall_token(request)

    def _recall_token(self, request: Any) -> None:
        if ended := request.session.get(ENDED_KEY):
            request.ended = ended
            return
        grant = Grant.of_session(request.session)
        frame = frame_of(request)
        if grant is None:
            if frame is not None:
                # A frame has no sign-in of its own, so nothing but a token opens it.
                request.user = AnonymousUser()
            return
        try:
            token, person = grant.confirm(request.META.get("REMOTE_ADDR", ""))
        except Refused as refusal:
            if refusal.status == 401:
                end_session(request, refusal.cause)
            request.refusal = refusal
            request.user = AnonymousUser()
            return
        if grant.context != session_context(request):
            request.user = AnonymousUser()
            return
        attach(request, token, person)
        request.grant = grant
        request.user = person
        if is_carried(request):
            prolong(request.session)

    def process_view(
        self, request: Any, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Say why instead of showing a page whose session has just ended or may not be used."""
        refusal = request.refusal or (Refused(request.ended) if request.ended else None)
        is_open = getattr(view, "open_to_all", False) or request.path_info.startswith("/api/")
        return None if refusal is None or is_open else refused_page(request, refusal)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Note the use of the token: after all checks, so that a refused call is no use."""
        token = getattr(request, "access_token", None)
        if token is not None and response.status_code < 400:
            touch(token, call_of(request))
        return response


def call_of(request: Any) -> Call:
    """Return where a request comes from, whose session or bearer was found good."""
    grant: Grant | None = getattr(request, "grant", None)
    if grant is None:
        return Call.of_api(request)
    return grant.call(request.META.get("REMOTE_ADDR", ""))


def end_session(request: Any, cause: str) -> None:
    """Sign the browser out, but keep the cause, so that every further click can say it.

    Under the same key: several calls of one page may find out at once.
    """
    request.session.clear()
    request.session[ENDED_KEY] = cause
    request.session.set_expiry(24 * 60 * 60)
    request.ended = cause


def open_to_all(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a page that people reach without, or after the end of, a session."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view
