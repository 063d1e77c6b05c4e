"""What browsers make of an address that somebody wrote, and whether it signs anybody in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

# Spellings under which people and programs have been seen to send a token, after `folded`.
TOKEN_NAMES = frozenset({"accesstoken", "token"})
# Stands in an address where a token was.
MASK = "masked-token"

# From HTML: `&amp;accessToken=`.
_ESCAPED_ONCE_TOO_OFTEN = re.compile(r"\A(?:amp;)++")

# WHATWG URL: an address of the web loses these wherever they stand, and takes \ for /. Without two
# slashes it would begin at the page that it stands in, which is one of ours.
_DROPPED = str.maketrans("", "", "\t\n\r")
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_WEB = re.compile(r"https?://[^/?#]+", re.IGNORECASE)
# Our own host has many names, and frames have addresses of their own in front of ours.
_LOGIN_PATH = re.compile(r"/(agent|admin|help)/(auth|login)(/|$)")
# An address may carry another one, encoded. Nobody unwraps more often than this.
_DEEPEST = 4


def folded(name: str) -> str:
    """Return the name of a parameter as its spellings have it in common."""
    plain = _ESCAPED_ONCE_TOO_OFTEN.sub("", unquote_plus(name).strip().lower())
    return plain.replace("_", "").replace("-", "")


def leads_to_login(address: str) -> bool:
    """Return whether a browser would take `address` to a sign-in page or hand over a token.

    So does what only looks like an address of the web: nobody knows where that leads.
    """
    address = address.strip(_C0_AND_SPACE).translate(_DROPPED)
    if not address.lower().startswith("http"):
        return False
    front, _mark, behind = re.split(r"([?#])", f"{address}#", maxsplit=1)
    front = front.replace("\\", "/")
    site = _WEB.match(front)
    if site is None:
        return True
    path = front[site.end() :]
    return any(map(_LOGIN_PATH.search, _read(path))) or any(map(_hands_over, _unwrapped(behind)))


def _read(path: str) -> Iterator[str]:
    """Yield what browsers, proxies and we ourselves may take for the path."""
    for plain in _unwrapped(path):
        plain = plain.replace("\\", "/").lower()
        yield posixpath.normpath(f"/{plain.lstrip('/')}")
        # WHATWG removes `x/..` by segments, empty ones too; posixpath joins those before.
        yield re.sub(r"/+", "/", "/".join(_resolved(plain)))
        # Nobody resolves dots that were encoded together with the slash before them.
        yield re.sub(r"/+", "/", plain)


def _resolved(path: str) -> list[str]:
    segments: list[str] = []
    for segment in path.split("/"):
        dots = segment.replace("%2e", ".")
        if dots == "..":
            del segments[max(1, len(segments) - 1) :]
        elif dots != ".":
            segments.append(segment)
    return segments


def _unwrapped(text: str) -> Iterator[str]:
    yield text
    for _ in range(_DEEPEST):
        inner = unquote(text)
        if inner == text:
            return
        yield inner
        text = inner


def _hands_over(query: str) -> bool:
    for part in re.split(r"[&?#;]", query):
        name, _equals, value = part.partition("=")
        name = folded(name)
        # Other systems have parameters of this name, too: ours is a JWT.
        if name == "accesstoken" or (name in TOKEN_NAMES and "eyJ" in value):
            return True
    return False
