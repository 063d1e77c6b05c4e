"""Read settings from `WEIYU_*` variables, strictly: a wrong value stops the start by name.

Each variable may instead be given as `NAME_FILE`, the path of a file that holds the value.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# HS384 wants a key at least as long as its digest (RFC 7518, 3.2).
SHORTEST_TOKEN_KEY = 48
KID = re.compile(r"[A-Za-z0-9._-]{1,64}")


# Without a port in the address.
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


class MailServer(NamedTuple):
    """Where mails are handed in, as whom, and who they come from ("" leaves that open)."""

    host: str
    port: int
    user: str
    password: str
    scheme: str
    sender: str


def optional(name: str) -> str | None:
    """Return the value of `name`, or of the file that `NAME_FILE` names, or None."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name)
    if name in os.environ:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one of them.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error


def text(name: str, default: str | None = None) -> str:
    """Return the value of `name`; without a default it must be there."""
    value = optional(name)
    if value is None:
        value = default
    if value is None or (not value and default is None):
        raise ImproperlyConfigured(f"{name} is not set and has no safe default.")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = text(name, "true" if default else "false")
    if value not in {"true", "false"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value == "true"


def choice(name: str, choices: tuple[str, ...], default: str) -> str:
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def listing(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return the comma-separated values of `name` without blanks."""
    return [part for raw in text(name, ",".join(default)).split(",") if (part := raw.strip())]


def networks(name: str) -> list[Network]:
    """Return the comma-separated CIDR networks of `name`."""
    try:
        return [ipaddress.ip_network(part) for part in listing(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must list CIDR networks: {error}.") from error


def mail_server(name: str) -> MailServer | None:
    """Return the server that the address in `name` means, or None where there is none."""
    address = text(name, "")
    if not address:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port or MAIL_PORTS[parts.scheme]
    except (ValueError, KeyError):
        parts, port = urlsplit(""), 0
    sender = parse_qs(parts.query).get("from", [""])[-1]
    if not parts.hostname or (sender and "@" not in sender):
        raise ImproperlyConfigured(
            f"{name} must read smtp[s|+tls]://user:password@host:port?from=desk@example.com"
        )
    user = unquote(parts.username or "")
    sender = sender or (user if "@" in user else "")
    password = unquote(parts.password or "")
    return MailServer(parts.hostname, port, user, password, parts.scheme, sender)


def token_keys(name: str) -> dict[str, bytes]:
    """Return the ring of signing keys by `kid`, the signing one first."""
    keys: dict[str, bytes] = {}
    for part in text(name).split(","):
        kid, separator, encoded = part.strip().partition(":")
        if not separator or not KID.fullmatch(kid) or kid in keys:
            raise ImproperlyConfigured(
                f"{name} must list kid:base64 pairs, each kid once and of at most 64 letters,"
                " digits, dots, hyphens and underscores."
            )
        try:
            keys[kid] = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured(f"{name}: the key {kid!r} is not base64.") from error
        if len(keys[kid]) < SHORTEST_TOKEN_KEY:
            raise ImproperlyConfigured(
                f"{name}: the key {kid!r} is shorter than {SHORTEST_TOKEN_KEY} bytes."
            )
    return keys
