"""Sessions in two cookies, and the person behind a request together with their token."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import Morsel
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware as StockAuthentication
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware as StockSessions
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware

from tokens.errors import Refused
from tokens.login.refused_page import refused_page
from tokens.request import ENDED_KEY, TokenRequest, address_of, attach, token_request
from tokens.sessions.carried import prolong
from tokens.sessions.grant import Grant
from tokens.verification.call import Call
from tokens.verification.credentials import bearer_of
from tokens.verification.usage import touch

# Python learned this attribute in 3.14; browsers need it for cookies in frames of other sites.
vars(Morsel)["_reserved"].setdefault("partitioned", "Partitioned")
vars(Morsel)["_flags"].add("partitioned")

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

    def process_request(self, request: HttpRequest) -> None:
        ours = token_request(request)
        ours.session_cookie = _cookie_of(ours)
        found = request.COOKIES.get(ours.session_cookie)
        carried = request.headers.get(SESSION_HEADER) if ours.frame else None
        for name in [*request.COOKIES]:
            if name.startswith((PLAIN_COOKIE, SECURE_COOKIE)):
                del request.COOKIES[name]
        ours.session_is_carried = bool(carried)
        # A bearer is judged alone. Other schemes belong to proxies in front.
        is_bearer = bearer_of(request.META.get("HTTP_AUTHORIZATION", "")) is not None
        if (key := carried or found) and not is_bearer:
            request.COOKIES[settings.SESSION_COOKIE_NAME] = key
        super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        morsel = response.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        ours = token_request(request)
        if morsel is not None and not ours.session_is_carried:
            _put(response, ours.session_cookie, morsel)
        return response


def session_context(request: TokenRequest) -> str:
    """Return where a session counts, and nowhere else: "tab", or a frame's key and who keeps it."""
    if request.frame is None:
        return "tab"
    return f"{request.frame.key} {'carried' if request.session_is_carried else 'kept'}"


def _cookie_of(request: TokenRequest) -> str:
    """Return the name of the cookie that holds the session of this call."""
    if request.frame is None:
        return SECURE_COOKIE if request.is_secure() else PLAIN_COOKIE
    return (SECURE_FRAME_COOKIE if request.is_secure() else PLAIN_FRAME_COOKIE) + request.frame.key


def _put(response: HttpResponse, name: str, morsel: Morsel[str]) -> None:
    """Set or delete the cookie under its real name; deletion repeats the attributes."""
    is_partitioned = name.startswith(SECURE_FRAME_COOKIE)
    morsel.set(name, morsel.value, morsel.coded_value)
    morsel["httponly"] = True
    morsel["secure"] = name.startswith("__Host-") or bool(morsel["secure"])
    morsel["samesite"] = "None" if is_partitioned else settings.SESSION_COOKIE_SAMESITE
    if is_partitioned:
        morsel["partitioned"] = True
    response.cookies[name] = morsel


class AuthenticationMiddleware(StockAuthentication):
    """Add the token of a session to the request, after asking whether it is still good.

    Every click of such a session costs the same one query as a call of the API.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            self._recall_token(token_request(request))

    def _recall_token(self, request: TokenRequest) -> None:
        if ended := request.session.get(ENDED_KEY):
            request.ended = ended
            return
        grant = Grant.of_session(request.session)
        if grant is None and request.frame is None:
            return
        # A frame has no sign-in of its own, so nothing but a token opens it.
        request.user = AnonymousUser()
        if grant is None:
            return
        try:
            token, person = grant.confirm(address_of(request))
        except Refused as refusal:
            if refusal.status == 401:
                end_session(request, refusal.cause)
            request.refusal = refusal
            return
        if grant.context != session_context(request):
            return
        attach(request, token, person)
        request.grant = grant
        request.user = person
        if request.session_is_carried:
            prolong(request.session)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Say why instead of showing a page whose session has just ended or may not be used."""
        ours = token_request(request)
        refusal = ours.refusal or (Refused(ours.ended) if ours.ended else None)
        is_open = getattr(view, "open_to_all", False) or request.path_info.startswith("/api/")
        return None if refusal is None or is_open else refused_page(request, refusal)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Note the use of the token: after all checks, so that a refused call is no use."""
        ours = token_request(request)
        if ours.access_token is not None and response.status_code < 400:
            touch(ours.access_token, call_of(ours))
        return response


class CsrfMiddleware(CsrfViewMiddleware):
    """Judge what `by_origin` marks by its Origin alone, which every browser sends with a POST.

    A token of the form stands in the session, so each look at the form would make one.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseForbidden | None:
        vars(request)["csrf_by_origin"] = getattr(view, "csrf_by_origin", False)
        return super().process_view(request, view, args, kwargs)

    def _check_token(self, request: HttpRequest) -> None:
        # The Origin was compared before; over https, where it is missing, the Referer was.
        is_shown = "Origin" in request.headers or request.is_secure()
        if not (vars(request)["csrf_by_origin"] and is_shown):
            super()._check_token(request)  # type: ignore[misc]  # Django's stubs leave it out


def by_origin(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view whose forms need no token of a session: nobody is signed in yet."""
    vars(view)["csrf_by_origin"] = True
    return view


def call_of(request: TokenRequest) -> Call:
    """Return where a request comes from, whose session or bearer was found good."""
    if request.grant is None:
        return Call.of_api(request)
    return request.grant.call(address_of(request))


def end_session(request: TokenRequest, cause: str) -> None:
    """Sign the browser out, but keep the cause, so that every further click can say it.

    Under the same key: several calls of one page may find out at once.
    """
    request.session.clear()
    request.session[ENDED_KEY] = cause
    request.session.set_expiry(24 * 60 * 60)
    request.ended = cause


def open_to_all(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a page that people reach without, or after the end of, a session."""
    vars(view)["open_to_all"] = True
    return view
