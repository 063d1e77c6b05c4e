"""Find out who really calls when proxies stand between; only trusted ones are believed.

They tell it in `X-Forwarded-For` and `X-Forwarded-Proto`; nobody reads `Forwarded` (RFC 7239).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# A longer chain is no chain of proxies.
MOST_HOPS = 32
LONGEST_HOP = 100


class Caller(NamedTuple):
    """The address a request really comes from, and the scheme it was sent with."""

    address: str
    scheme: str


def find_caller(
    peer: str,
    scheme: str,
    *,
    forwarded_for: str,
    forwarded_proto: str,
    trusted: Sequence[Network],
) -> Caller:
    """Return the right-most hop that is no trusted proxy; without trust, the peer itself."""
    address = parse_address(peer)
    if address is None:
        return Caller(peer, scheme)
    if not (forwarded_for or forwarded_proto) or not _is_trusted(address, trusted):
        return Caller(str(address), scheme)
    hops = [hop.strip() for hop in forwarded_for.split(",")][-MOST_HOPS:]
    depth = 0
    for hop in reversed(hops):
        nearer = parse_address(hop)
        if nearer is None:
            # "unknown", or rubbish: what stands behind it is hearsay.
            break
        address = nearer
        depth += 1
        if not _is_trusted(nearer, trusted):
            break
    return Caller(str(address), _scheme(forwarded_proto, depth, len(hops)) or scheme)


def parse_address(text: str) -> Address | None:
    """Read an address as proxies write it: ports, brackets, zone ids, IPv4 inside IPv6."""
    # Longer ones are none, and would be kept.
    return _parse_address(text) if len(text) <= LONGEST_HOP else None


@lru_cache(maxsize=4096)
def _parse_address(text: str) -> Address | None:
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _scheme(forwarded_proto: str, depth: int, hops: int) -> str:
    """Return the scheme that the proxy next to the caller saw, or "" if none is told."""
    schemes = [scheme.strip().lower() for scheme in forwarded_proto.split(",")][-MOST_HOPS:]
    # One scheme for each hop, or only what the nearest proxy says.
    told = schemes[-depth] if depth and len(schemes) == hops else schemes[-1]
    return told if told in {"http", "https"} else ""
