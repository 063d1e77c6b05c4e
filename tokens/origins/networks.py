"""The networks that may use a token, in CIDR notation."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_NETWORKS = 50


# IPv4 as IPv6 (RFC 4291, 2.5.5.2). Callers are read as IPv4, so networks are too.
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@lru_cache(maxsize=2048)
def parse(text: str) -> Network:
    """Return the network that a line of the form means; a bare address is a network of one."""
    try:
        network = ipaddress.ip_network(text.strip())
        if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
            mapped = int(network.network_address) & 0xFFFF_FFFF
            return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED.prefixlen))
        return network
    except ValueError as error:
        raise ValidationError(
            _("“%(entry)s” is no network. Write it like 203.0.113.0/24 or 2001:db8::/32."),
            code="bad_network",
            params={"entry": text.strip()},
        ) from error


def parse_to_save(text: str) -> Network:
    """Return the same, and refuse what no caller can ever come from."""
    network = parse(text)
    if "%" in text:
        message = _("Leave out the zone of “%(entry)s”: it means something on one machine alone.")
    elif network.is_multicast or network.is_unspecified:
        message = _("“%(entry)s” is no network that anybody calls from.")
    else:
        return network
    raise ValidationError(message, code="bad_network", params={"entry": text.strip()})


def parse_all(texts: Iterable[str]) -> tuple[Network, ...]:
    found = dict.fromkeys(parse_to_save(text) for text in texts if text.strip())
    if len(found) > MOST_NETWORKS:
        raise ValidationError(
            _("At most %(most)s networks fit one token."),
            code="too_many",
            params={"most": MOST_NETWORKS},
        )
    return tuple(found)


def containing(networks: Iterable[str], address: str) -> str | None:
    """Return the first of `networks` that `address` lies in; an unreadable address lies in none."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return None
    wanted = getattr(wanted, "ipv4_mapped", None) or wanted
    return next((network for network in networks if wanted in parse(network)), None)


def coarse(address: str) -> str:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 address, as its first address."""
    return str(_coarse(ipaddress.ip_address(address)).network_address)


@lru_cache(maxsize=2048)
def coarse_name(address: str) -> str:
    """Return the same as people read it, with its length; "" for what is no address."""
    try:
        return str(_coarse(ipaddress.ip_address(address)))
    except ValueError:
        return ""


def _coarse(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Network:
    found = getattr(address, "ipv4_mapped", None) or address
    if isinstance(found, ipaddress.IPv4Address):
        return ipaddress.IPv4Network((int(found), 24), strict=False)
    return ipaddress.IPv6Network((int(found), 48), strict=False)
