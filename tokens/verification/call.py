"""Where a use of a token comes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest

from tokens.origins.domains import Origin
from tokens.request import address_of

# What Sec-Fetch-Dest says of a page inside another one.
FRAME_DESTINATIONS = frozenset({"iframe", "frame", "embed", "object"})
# What it says of pages that a person sees.
SHOWN = FRAME_DESTINATIONS | {"document"}


@dataclass(frozen=True)
class Call:
    """Where a use of a token comes from. `page` is the header that shows it, None if absent.

    "frame" is a login that the browser itself says it shows inside a page.
    """

    kind: str  # "api", "login", "frame" or "session"
    address: str
    page: str | None = None
    # Of a session whose page is unknown: the token's domains when it was opened.
    domains: tuple[str, ...] = ()

    @classmethod
    def of_api(cls, request: HttpRequest) -> Call:
        return cls("api", address_of(request), request.headers.get("Origin"))

    @classmethod
    def of_login(cls, request: HttpRequest) -> Call:
        """A form that POSTs shows its Origin, a link or frame its Referer.

        That it is a frame must the browser itself say: anybody can write a frame's address.
        """
        header = "Origin" if request.method == "POST" else "Referer"
        is_frame = request.headers.get("Sec-Fetch-Dest") in FRAME_DESTINATIONS
        kind = "frame" if is_frame else "login"
        return cls(kind, address_of(request), request.headers.get(header))

    @cached_property
    def origin(self) -> Origin | None:
        return Origin.parse(self.page) if self.page else None

    @property
    def seen(self) -> str:
        """Return what to show people as the page: its origin, never its path or query."""
        return str(self.origin or ("?" if self.page else ""))
