"""Sessions in two cookies, and the person behind a request together with their token."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import Morsel
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware as StockAuthentication
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware as StockSessions
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.crypto import constant_time_compare

from tokens.authentication import attach
from tokens.models import AccessToken
from tokens.refusals import refused_page
from tokens.sessions import TOKEN_KEY
from tokens.verification import Call, Refused, check, touch

# Python learned this attribute in 3.14; browsers need it for cookies in frames of other sites.
Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]
Morsel._flags.add("partitioned")  # type: ignore[attr-defined]

ENDED_KEY = "_ended"
FRAME_DESTINATIONS = frozenset({"iframe", "frame", "embed", "object"})
PLAIN_COOKIE = "weiyu"
SECURE_COOKIE = "__Host-weiyu"
FRAME_COOKIE = "__Host-weiyu-frame"


def in_frame(request: HttpRequest) -> bool | None:
    """Return whether the call comes from inside a frame, None where the browser does not say.

    Our own scripts mark their calls; navigations say it by Sec-Fetch-Dest (not over plain http).
    """
    if request.headers.get("X-Weiyu-Frame") == "1":
        return True
    destination = request.headers.get("Sec-Fetch-Dest")
    if destination in FRAME_DESTINATIONS:
        return True
    return False if destination == "document" else None


class SessionMiddleware(StockSessions):
    """Keep the session of a frame apart from the session of the browser's own tabs.

    A frame of another site over https keeps only a partitioned `SameSite=None` cookie; tabs keep
    a `Lax` one. The stock middleware sees one logical cookie; its real name is chosen here.
    """

    def process_request(self, request: HttpRequest) -> None:
        jar = self._jar(request)
        found = request.COOKIES.get(jar)
        for name in (PLAIN_COOKIE, SECURE_COOKIE, FRAME_COOKIE):
            request.COOKIES.pop(name, None)
        if found:
            request.COOKIES[settings.SESSION_COOKIE_NAME] = found
        request.session_jar = jar  # type: ignore[attr-defined]
        super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        morsel = response.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        if morsel is not None:
            self._put(response, request.session_jar, morsel)  # type: ignore[attr-defined]
        return response

    def _jar(self, request: HttpRequest) -> str:
        if not request.is_secure():
            return PLAIN_COOKIE
        framed = in_frame(request)
        if framed is None:
            # Images and calls that say nothing: whichever jar holds something.
            return SECURE_COOKIE if SECURE_COOKIE in request.COOKIES else FRAME_COOKIE
        return FRAME_COOKIE if framed else SECURE_COOKIE

    def _put(self, response: HttpResponse, jar: str, morsel: Morsel[str]) -> None:
        """Set or delete the cookie under its real name; deletion repeats the attributes."""
        response.cookies[jar] = morsel.value
        kept = response.cookies[jar]
        for attribute in ("expires", "max-age", "path", "httponly", "samesite"):
            kept[attribute] = morsel[attribute]
        kept["httponly"] = True
        kept["secure"] = jar != PLAIN_COOKIE or bool(morsel["secure"])
        kept["samesite"] = "None" if jar == FRAME_COOKIE else settings.SESSION_COOKIE_SAMESITE
        if jar == FRAME_COOKIE:
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
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and "HTTP_AUTHORIZATION" not in request.META:
            self._recall_token(request)

    def _recall_token(self, request: Any) -> None:
        if ended := request.session.get(ENDED_KEY):
            request.ended = ended
            return
        token_id = request.session.get(TOKEN_KEY)
        if token_id is None:
            return
        try:
            token = self._good_token(request, token_id)
        except Refused as refusal:
            if refusal.status == 401:
                end_session(request, refusal.cause)
            request.refusal = refusal
            request.user = AnonymousUser()
            return
        attach(request, token)
        request.user = token.user

    def _good_token(self, request: HttpRequest, token_id: int) -> AccessToken:
        try:
            token = AccessToken.objects.select_related("user").get(pk=token_id)
        except AccessToken.DoesNotExist as error:
            raise Refused("token-invalid") from error
        check(token, Call.of_session(request))
        # A new password ends every session of the person, these too.
        known = request.session.get(HASH_SESSION_KEY, "")
        if not constant_time_compare(known, token.user.get_session_auth_hash()):
            raise Refused("signed-out")
        return token

    def process_view(
        self, request: Any, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Say why instead of showing a page whose session has just ended or may not be used."""
        refusal = request.refusal or (Refused(request.ended) if request.ended else None)
        is_open = getattr(view, "open_to_all", False) or request.path.startswith("/api/")
        return None if refusal is None or is_open else refused_page(request, refusal)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Note the use of the token: after all checks, so that a refused call is no use."""
        token = getattr(request, "access_token", None)
        if token is not None and response.status_code < 400:
            touch(token, Call.of_api(request))
        return response


def end_session(request: Any, cause: str) -> None:
    """Sign the browser out, but keep the cause, so that every further click can say it."""
    request.session.flush()
    request.session[ENDED_KEY] = cause
    request.session.set_expiry(24 * 60 * 60)
    request.ended = cause


def open_to_all(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a page that people reach without, or after the end of, a session."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view
