"""What we know about a request beside what Django knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest

if TYPE_CHECKING:
    from accounts.models import User
    from tokens.embedding.frames import Frame
    from tokens.errors import Refused
    from tokens.models import AccessToken
    from tokens.sessions.grant import Grant

# What our sessions keep, beside what Django keeps there.
TOKEN_KEY = "_access_token_id"
GRANT_KEY = "_grant"
ENDED_KEY = "_ended"
PROLONGED_KEY = "_prolonged_at"
PENDING_KEY = "_pending_login"
CONFIRMED_KEY = "_password_confirmed_at"


class TokenRequest(HttpRequest):
    """Django's request with what our middleware adds; `prepare` gives each its first value."""

    # The good token that it came with, as a bearer or by its session; None for passwords.
    access_token: AccessToken | None
    # What its session keeps of the login by token; None for bearers and passwords.
    grant: Grant | None
    # The frame whose address it was made in; None outside of frames.
    frame: Frame | None
    # The cause for which the token's session has ended.
    ended: str | None
    # Why its session may not be used from here, or not any more.
    refusal: Refused | None
    # The name under which the browser keeps the key of its session.
    session_cookie: str
    # Whether the key came in a header instead, from a frame that keeps no cookie.
    session_is_carried: bool
    # How many calls a minute there are, how many are left, and for how many seconds.
    rate: tuple[int, int, int] | None
    # The token that the admin has just made, for the page that shows it once; "" if it made none.
    new_secret: str


def prepare(request: HttpRequest) -> TokenRequest:
    """Give a request the attributes that all middleware and views behind may rely on."""
    ours = cast("TokenRequest", request)
    ours.access_token = ours.grant = ours.frame = None
    ours.ended = ours.refusal = ours.rate = None
    ours.session_cookie, ours.session_is_carried, ours.new_secret = "", False, ""
    return ours


def token_request(request: HttpRequest) -> TokenRequest:
    """Return a request, or the one inside REST framework's, as what our middleware made of it."""
    return cast("TokenRequest", getattr(request, "_request", request))


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def attach(request: TokenRequest, token: AccessToken, person: User | None = None) -> None:
    """Make the token that a request came with known to the request and to its person."""
    request.access_token = token
    vars(person or token.user)["access_token"] = token


def token_of(person: object) -> AccessToken | None:
    """Return the token that the person of a request came with."""
    return cast("AccessToken | None", getattr(person, "access_token", None))
