"""How a browser keeps a sign-in, as far as two addresses tell.

What it really does, the check page finds out inside the frame (tokens/login/check_page.py).
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tokens.origins.domains import Origin
from tokens.origins.hosts import is_address
from tokens.origins.suffixes import registered_domain

COOKIE_MODES: dict[str, Promise] = {
    "tab": _("The browser keeps a cookie of the tab (SameSite=Lax)."),
    "frame": _("Both are one site: the browser keeps a cookie of this frame (SameSite=Lax)."),
    "partitioned": _(
        "The browser keeps a cookie of this frame for your site alone (SameSite=None; Secure; "
        "Partitioned), also where third-party cookies are blocked."
    ),
    "dropped": _(
        "Some browsers, such as Safari 18.5 to 26.1, keep no cookie in a frame of another site, "
        "not even a partitioned one. The workstation's scripts carry the session instead."
    ),
    "dropped-new-tab": _(
        "Some browsers, such as Safari 18.5 to 26.1, keep no cookie in a frame of another site, "
        "not even a partitioned one, and the admin cannot do without: the frame offers a new tab. "
        "Under one domain with the page it works."
    ),
    "storage": _(
        "The browser keeps no cookie in a frame of another site over plain http. The workstation's "
        "scripts carry the session instead."
    ),
    "new-tab": _(
        "The browser keeps no cookie in a frame of another site over plain http, and the admin "
        "cannot do without: the frame offers a new tab. With https on both sides it works."
    ),
    "blocked": _(
        "An https page may not show an http frame: the browser blocks it and sends nothing (mixed "
        "content). Serve this system over https."
    ),
}
OFFERS_TAB = frozenset({"new-tab", "dropped-new-tab"})


def frame_cookie_mode(page: Origin, own: Origin, *, target: str) -> str:
    """Return how a sign-in is kept inside a frame of `own` on `page`."""
    if own.scheme == "https":
        return "partitioned"
    if page.scheme == "https" and not _is_loopback(own.host):
        return "blocked"
    if is_same_site(page, own):
        return "frame"
    return "storage" if target == "agent" else "new-tab"


def dropped_cookie_mode(page: Origin, own: Origin, *, target: str) -> str:
    """Return the same for a browser that keeps nothing in frames of other domains.

    "" where it is no different from others.
    """
    if own.scheme == "http" or _site(page.host) == _site(own.host):
        return ""
    return "dropped" if target == "agent" else "dropped-new-tab"


def is_same_site(one: Origin, other: Origin) -> bool:
    """Return whether browsers take both for one site: scheme and registered domain agree."""
    return one.scheme == other.scheme and _site(one.host) == _site(other.host)


def _site(host: str) -> str:
    """Return the registered domain; an address or a public suffix is a site of its own."""
    host = host.removesuffix(".")
    return host if is_address(host) else registered_domain(host) or host


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "[::1]"} or host.endswith(".localhost") or host.startswith("127.")
