"""The one form of a host, as browsers compare it (WHATWG URL, "host parsing")."""

from __future__ import annotations

import ipaddress
import unicodedata

import idna

LONGEST_HOST = 253
_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_DIGITS = "0123456789abcdef"
_ACE_PREFIX = "xn--"
_JOINERS = "\u200c\u200d"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


class BadHost(ValueError):
    """The text is no host that a browser would accept."""


def normal_host(text: str) -> str:
    """Return a host (without a port) as browsers write it; raises BadHost.

    A dot at the end stays: to a browser it makes another host.
    """
    if text.startswith("["):
        return _normal_ipv6(text)
    host = _ascii_host(text)
    labels = host.removesuffix(".").split(".")
    if len(host) > LONGEST_HOST or not all(
        label and set(label) <= _HOST_CHARACTERS for label in labels
    ):
        raise BadHost(text)
    return _normal_ipv4(labels) if _looks_like_a_number(labels[-1]) else host


def is_address(host: str) -> bool:
    """Return whether browsers read `host` as an IP address, not as a name."""
    return host.startswith("[") or _looks_like_a_number(host.removesuffix(".").rpartition(".")[2])


def _looks_like_a_number(label: str) -> bool:
    """Return whether a host that ends in `label` is read as an IPv4 address."""
    hexadecimal = label.startswith("0x") and set(label[2:]) <= set(_DIGITS)
    return label.isdecimal() or hexadecimal


def _normal_ipv6(text: str) -> str:
    if not text.endswith("]") or "%" in text:
        raise BadHost(text)
    try:
        address = ipaddress.IPv6Address(text[1:-1])
    except ValueError as error:
        raise BadHost(text) from error
    if address.ipv4_mapped is None:
        return f"[{address.compressed}]"
    # Python writes the last part of these in one way or the other, by its version.
    low = int(address)
    return f"[::ffff:{low >> 16 & 0xFFFF:x}:{low & 0xFFFF:x}]"


def _normal_ipv4(parts: list[str]) -> str:
    """Return the dotted form of what browsers read as IPv4: 0x7f.1 is 127.0.0.1."""
    *first, last = [_number(part) for part in parts]
    if len(first) > 3 or any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
        raise BadHost(".".join(parts))
    address = last + sum(number << 8 * (3 - place) for place, number in enumerate(first))
    return str(ipaddress.IPv4Address(address))


def _number(part: str) -> int:
    """Read one part of an IPv4 address: decimal, octal after 0, hexadecimal after 0x.

    Digits are looked at one by one: `int` would also take "1_0", "-1" and "0o7".
    """
    if part.startswith("0x"):
        digits, base = part[2:] or "0", 16
    else:
        digits, base = part, 8 if len(part) > 1 and part.startswith("0") else 10
    if not set(digits) <= set(_DIGITS[:base]):
        raise BadHost(part)
    return int(digits, base)


def _ascii_host(host: str) -> str:
    """Return a host in ASCII by UTS 46 as browsers apply it: no transitional mapping, no STD3
    rules, none for hyphens. (`idna.encode` follows IDNA 2008, which knows fewer names.)
    """
    lowered = host.lower()
    if lowered.isascii() and _ACE_PREFIX not in lowered:
        return lowered
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
        labels = [_read_label(label) for label in mapped.split(".")]
        if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in "".join(labels)):
            for label in filter(None, labels):
                idna.check_bidi(label, check_ltr=True)
    except ValueError as error:
        raise BadHost(host) from error
    return ".".join(label if label.isascii() else _ace(label) for label in labels)


def _read_label(label: str) -> str:
    """Return a label in the letters that people read; raises ValueError if it breaks a rule."""
    read = label
    if label.startswith(_ACE_PREFIX):
        read = label.removeprefix(_ACE_PREFIX).encode("ascii").decode("punycode")
        # What one writes in plain letters, or differently, has no second name.
        if read.isascii() or "." in read or _ace(read) != label or _remapped(read) != read:
            raise BadHost(label)
    idna.check_initial_combiner(read)
    for place, character in enumerate(read):
        if character in _JOINERS and not idna.valid_contextj(read, place):
            raise BadHost(label)
    return read


def _remapped(label: str) -> str:
    return idna.uts46_remap(label, std3_rules=False, transitional=False)


def _ace(label: str) -> str:
    return _ACE_PREFIX + label.encode("punycode").decode("ascii")
