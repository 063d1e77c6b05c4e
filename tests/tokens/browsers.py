"""What browsers make of addresses and of CSP sources, written down from the standards.

WHATWG URL for the origin of an address, CSP Level 3 for `frame-ancestors`. It is the yardstick for
tokens/origins/domains.py and shares no code with it; tests/browser compares it with Chromium
itself.
"""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import idna

DEFAULT_PORTS = {"http": 80, "https": 443}
C0_OR_SPACE = "".join(map(chr, range(0x21)))
FORBIDDEN = set(map(chr, range(0x20))) | set(" #/:<>?@[\\]^|%\x7f")


class Failure(Exception):
    """The standard's "return failure"."""


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
        scheme, rest = _scheme(re.sub(r"[\t\n\r]", "", address.strip(C0_OR_SPACE)))
        authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0]
        host, port = _host_and_port(authority.rpartition("@")[2])
        return BrowserOrigin(scheme, _host(host), DEFAULT_PORTS[scheme] if port is None else port)
    except Failure:
        return None


def _scheme(address: str) -> tuple[str, str]:
    found = re.match(r"(https?):", address, re.IGNORECASE)
    if not found:
        raise Failure
    return found[1].lower(), address[found.end() :]


def _host_and_port(text: str) -> tuple[str, int | None]:
    inside = False
    for place, character in enumerate(text):
        inside = character == "[" or (inside and character != "]")
        if character == ":" and not inside:
            return text[:place], _port(text[place + 1 :])
    return text, None


def _port(text: str) -> int | None:
    if not set(text) <= set(string.digits) or (text and int(text) > 65_535):
        raise Failure
    return int(text) if text else None


def _host(text: str) -> str:
    if text.startswith("["):
        if not text.endswith("]"):
            raise Failure
        return f"[{_write_ipv6(_read_ipv6(text[1:-1]))}]"
    host = _domain_to_ascii(unquote_to_bytes(text).decode("utf-8", "replace"))
    if not host or set(host) & FORBIDDEN:
        raise Failure
    return _ipv4(host) if _ends_in_a_number(host) else host


def _ends_in_a_number(host: str) -> bool:
    parts = host.split(".")
    if parts[-1] == "":
        if len(parts) == 1:
            return False
        parts.pop()
    last = parts[-1]
    if last and set(last) <= set(string.digits):
        return True
    try:
        _ipv4_number(last)
    except Failure:
        return False
    return True


def _ipv4_number(text: str) -> int:
    if text == "":
        raise Failure
    base = 10
    if text[:2] in {"0x", "0X"}:
        text, base = text[2:], 16
    elif len(text) >= 2 and text[0] == "0":
        text, base = text[1:], 8
    if text == "":
        return 0
    if not set(text.lower()) <= set("0123456789abcdef"[:base]):
        raise Failure
    return int(text, base)


def _ipv4(host: str) -> str:
    parts = host.split(".")
    if parts[-1] == "" and len(parts) > 1:
        parts.pop()
    if len(parts) > 4:
        raise Failure
    numbers = [_ipv4_number(part) for part in parts]
    if any(number > 255 for number in numbers[:-1]):
        raise Failure
    if numbers[-1] >= 256 ** (5 - len(numbers)):
        raise Failure
    address = numbers[-1]
    for place, number in enumerate(numbers[:-1]):
        address += number * 256 ** (3 - place)
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


def _read_ipv6(text: str) -> list[int]:
    """The IPv6 parser, step by step as the standard has it."""
    pieces = [0] * 8
    piece, compress, at = 0, None, 0
    end = len(text)
    if text[:1] == ":":
        if text[1:2] != ":":
            raise Failure
        at, piece = 2, 1
        compress = 1
    while at < end:
        if piece == 8:
            raise Failure
        if text[at] == ":":
            if compress is not None:
                raise Failure
            at, piece = at + 1, piece + 1
            compress = piece
            continue
        value = length = 0
        while length < 4 and at < end and text[at] in string.hexdigits:
            value = value * 16 + int(text[at], 16)
            at, length = at + 1, length + 1
        if at < end and text[at] == ".":
            if length == 0 or piece > 6:
                raise Failure
            high, low = _ipv4_inside_ipv6(text[at - length :])
            pieces[piece], pieces[piece + 1] = high, low
            piece += 2
            break
        if at < end and text[at] == ":":
            at += 1
            if at == end:
                raise Failure
        elif at < end:
            raise Failure
        pieces[piece] = value
        piece += 1
    if compress is not None:
        swaps, piece = piece - compress, 7
        while piece != 0 and swaps > 0:
            other = compress + swaps - 1
            pieces[piece], pieces[other] = pieces[other], pieces[piece]
            piece, swaps = piece - 1, swaps - 1
    elif piece != 8:
        raise Failure
    return pieces


def _ipv4_inside_ipv6(text: str) -> tuple[int, int]:
    parts = text.split(".")
    if len(parts) != 4:
        raise Failure
    for part in parts:
        leading_zero = len(part) > 1 and part[0] == "0"
        if not part or not set(part) <= set(string.digits) or leading_zero or int(part) > 255:
            raise Failure
    a, b, c, d = map(int, parts)
    return a * 256 + b, c * 256 + d


def _write_ipv6(pieces: list[int]) -> str:
    runs = [(0, 0)]  # (length, -start): the longest run of zeros, the first of equals
    start = 0
    while start < 8:
        length = 0
        while start + length < 8 and pieces[start + length] == 0:
            length += 1
        runs.append((length, -start))
        start += length + 1
    length, place = max(runs)
    if length < 2:
        return ":".join(f"{piece:x}" for piece in pieces)
    before = ":".join(f"{piece:x}" for piece in pieces[:-place])
    after = ":".join(f"{piece:x}" for piece in pieces[-place + length :])
    return f"{before}::{after}"


def _domain_to_ascii(domain: str) -> str:
    labels = domain.split(".")
    if domain.isascii() and not any(label.lower().startswith("xn--") for label in labels):
        return domain.lower()
    mapped = _mapped(domain)
    read = [_read_label(label) for label in mapped.split(".")]
    if any(unicodedata.bidirectional(char) in {"R", "AL", "AN"} for char in "".join(read)):
        for label in read:
            _check_bidi(label)
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in read
    )


def _mapped(text: str) -> str:
    """UTS 46, "Map" and "Normalize", without transitional processing and without STD3 rules."""
    parts = []
    for character in text:
        try:
            parts.append(idna.uts46_remap(character, std3_rules=False, transitional=False))
        except idna.IDNAError as error:
            raise Failure from error
    return unicodedata.normalize("NFC", "".join(parts))


def _read_label(label: str) -> str:
    read = label
    if label.startswith("xn--"):
        try:
            read = label[4:].encode("ascii").decode("punycode")
        except UnicodeError as error:
            raise Failure from error
        again = "xn--" + read.encode("punycode").decode("ascii")
        if read.isascii() or read.startswith("xn--") or "." in read or again != label:
            raise Failure
        if _mapped(read) != read:
            raise Failure
    if read and unicodedata.category(read[0]).startswith("M"):
        raise Failure
    for place, character in enumerate(read):
        if character in "\u200c\u200d" and not _may_join(read, place):
            raise Failure
    return read


def _may_join(label: str, place: int) -> bool:
    """RFC 5892, A.1 and A.2: after a virama; the joining types are left to the library."""
    return idna.valid_contextj(label, place)


def _check_bidi(label: str) -> None:
    """RFC 5893, section 2."""
    if not label:
        return
    kinds = [unicodedata.bidirectional(character) for character in label]
    tail = [kind for kind in kinds if kind != "NSM"] or ["NSM"]
    if kinds[0] in {"R", "AL"}:
        allowed = {"R", "AL", "AN", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"}
        good = set(kinds) <= allowed and tail[-1] in {"R", "AL", "EN", "AN"}
        good = good and not {"EN", "AN"} <= set(kinds)
    elif kinds[0] == "L":
        allowed = {"L", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"}
        good = set(kinds) <= allowed and tail[-1] in {"L", "EN"}
    else:
        good = False
    if not good:
        raise Failure


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
