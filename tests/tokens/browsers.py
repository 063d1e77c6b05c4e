"""What browsers make of addresses and of CSP sources.

Ada, the URL parser of Node.js, reads the origin of an address (WHATWG URL); the rules of
`frame-ancestors` are written down from CSP Level 3. It is the yardstick for tokens/origins, which
has a parser of its own; tests/browser compares it with Chromium itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import ada_url
import idna

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class BrowserOrigin:
    """Scheme, host and port of a page; the port is written out although it is the default."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        tail = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{tail}"


# --- WHATWG URL ---------------------------------------------------------------------------------


def origin_of(address: str) -> BrowserOrigin | None:
    """Return `new URL(address).origin` of a web page, None for what is none."""
    try:
        url = ada_url.URL(address)
    except ValueError:
        return None
    scheme = url.protocol.removesuffix(":")
    if scheme not in DEFAULT_PORTS or not _is_sound(url.hostname):
        return None
    return BrowserOrigin(scheme, url.hostname, int(url.port or DEFAULT_PORTS[scheme]))


def _is_sound(host: str) -> bool:
    """Return whether a host passes two rules of UTS 46 that Ada does not hold it to.

    Punycode means something and is written in one way; no label mixes directions where any
    label runs from right to left.
    """
    labels = host.split(".")
    read = [ada_url.idna_to_unicode(label) for label in labels]
    if not all(map(_is_one_name, labels, read)):
        return False
    if any(unicodedata.bidirectional(char) in {"R", "AL", "AN"} for char in "".join(read)):
        try:
            return all(idna.check_bidi(label, check_ltr=True) for label in filter(None, read))
        except idna.IDNAError:
            return False
    return True


def _is_one_name(label: str, read: str) -> bool:
    if not label.startswith("xn--"):
        return True
    return not read.isascii() and ada_url.idna_to_ascii(read) == label.encode()


# --- CSP Level 3 --------------------------------------------------------------------------------

HOST_SOURCE = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>\*|(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?)"
    r"(?::(?P<port>[0-9]+|\*))?",
    re.IGNORECASE,
)


def may_frame(sources: list[str], page: BrowserOrigin) -> bool:
    """Return whether `frame-ancestors` with these sources lets a page frame ours."""
    return any(_source_matches(source, page) for source in sources)


def _source_matches(source: str, page: BrowserOrigin) -> bool:
    found = HOST_SOURCE.fullmatch(source)
    if not found:
        return False  # not in the grammar, so browsers leave it out
    scheme, port = found["scheme"].lower(), found["port"]
    return (
        _scheme_part_matches(scheme, page.scheme)
        and _host_part_matches(found["host"].lower(), page.host)
        and _port_part_matches(scheme, port, page)
    )


def _scheme_part_matches(scheme: str, wanted: str) -> bool:
    return scheme == wanted or (scheme, wanted) == ("http", "https")


def _host_part_matches(pattern: str, host: str) -> bool:
    # The standard leaves addresses out; browsers compare IPv4 as it is written.
    if host.startswith("["):
        return False
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _port_part_matches(scheme: str, port: str | None, page: BrowserOrigin) -> bool:
    if port == "*":
        return True
    wanted = DEFAULT_PORTS[page.scheme] if port is None else int(port)
    if wanted == page.port:
        # Chromium upgrades the scheme only along with the port.
        return scheme == page.scheme or port is None
    # Not in the standard, but browsers upgrade the port along with the scheme.
    return scheme == "http" and page.scheme == "https" and wanted == 80 and page.port == 443
