"""Frames: each has an address prefix of its own, and so a session of its own.

Under `/f/<key>/` is the whole site once more. The key names the token, and the person where a
login link named another one; it is public and opens nothing. What it decides is which session
counts: two tokens in two frames of one page, or a frame beside a tab, never share one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase
from django.urls import get_script_prefix, set_script_prefix

from accounts.models import User
from tokens.models import AccessToken
from tokens.request import TokenRequest, prepare
from tokens.verification.call import FRAME_DESTINATIONS

_ADDRESS = re.compile(
    r"/f/(?P<handle>[A-Za-z0-9_-]{16})(?:\.(?P<user_id>[0-9]{1,18}))?"
    r"(?P<rest>/(?:agent|admin|api)(?:/.*)?)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Frame:
    """The prefix of one token's frames; `user_id` only where a login link named the person."""

    handle: str
    user_id: int | None = None

    @classmethod
    def of(cls, token: AccessToken, person: User) -> Frame:
        return cls(token.handle, None if person.pk == token.user_id else person.pk)

    @classmethod
    def parse(cls, path: str) -> tuple[Frame, str] | None:
        """Return the frame of an address and the address inside it; None outside of frames."""
        found = _ADDRESS.fullmatch(path)
        if found is None:
            return None
        user_id = found["user_id"]
        return cls(found["handle"], int(user_id) if user_id else None), found["rest"]

    @property
    def key(self) -> str:
        return self.handle if self.user_id is None else f"{self.handle}.{self.user_id}"

    @property
    def prefix(self) -> str:
        """Return what stands before every address inside the frame."""
        return f"/f/{self.key}"

    def frame_ancestors(self) -> list[str] | None:
        """Return the CSP sources of the token's pages, None where no token has this name."""
        token = AccessToken.objects.filter(handle=self.handle).first()
        return None if token is None else token.frame_ancestors()


class FrameMiddleware:
    """Take the frame out of the address, so that everything behind finds the site as ever.

    Addresses that `reverse` makes stay inside the frame.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        ours = prepare(request)
        found = Frame.parse(request.path_info)
        if found is None:
            return self.get_response(request)
        frame, inside = found
        ours.frame = frame
        outside = get_script_prefix()
        request.path_info = request.META["PATH_INFO"] = inside
        request.META["SCRIPT_NAME"] = frame.prefix
        set_script_prefix(f"{frame.prefix}/")
        try:
            return self.get_response(request)
        finally:
            set_script_prefix(outside)


def in_frame(request: TokenRequest) -> bool | None:
    """Return whether the call comes from inside a frame, None where the browser does not say.

    Our frames stand in the address; before that, navigations say it by Sec-Fetch-Dest, which
    browsers leave out over plain http.
    """
    if request.frame is not None:
        return True
    destination = request.headers.get("Sec-Fetch-Dest")
    if destination in FRAME_DESTINATIONS:
        return True
    return False if destination == "document" else None


def may_be_framed(request: TokenRequest) -> bool:
    """Return whether a navigation is one inside a frame, or might be.

    Over plain http only our own script can find out. A program asks for no upgrade to https, so
    it is answered straight.
    """
    framed = in_frame(request)
    if framed is None:
        return request.headers.get("Upgrade-Insecure-Requests") == "1"
    return framed


def within(request: TokenRequest, path: str) -> str:
    """Return the address of one of our pages inside the frame of this call, if it has one."""
    frame = request.frame
    return f"{frame.prefix}{path}" if frame else path


def without(path: str) -> str:
    """Return the address of one of our pages as it is outside of any frame."""
    found = Frame.parse(path)
    return found[1] if found else path
