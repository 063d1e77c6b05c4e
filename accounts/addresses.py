"""Whose call it is, as far as an address tells."""

from __future__ import annotations

import ipaddress


def throttle_address(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the /64 of an IPv6 address.

    A line has a whole /64, so its caller may come by another address each time.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(parsed) >> 64 << 64))
