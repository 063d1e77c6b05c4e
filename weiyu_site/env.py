"""Read settings from `WEIYU_*` variables, strictly: a wrong value stops the start by name.

Each variable may instead be given as `NAME_FILE`, the path of a file that holds the value.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from weiyu_site.edge.proxies import Network

# HS384 wants a key at least as long as its digest (RFC 7518, 3.2).
SHORTEST_TOKEN_KEY = 48
KID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# As in ALLOWED_HOSTS: a name, with a dot before it if its subdomains are meant, or an address.
HOST = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.%a-z_-]+\]", re.IGNORECASE)
DATABASES = {"django.db.backends.sqlite3", "django.db.backends.postgresql"}

# Without a port in the address.
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


_asked: set[str] = set()
# By the demo, which asks when it is made.
READ_ELSEWHERE = ("WEIYU_DEMO_PASSWORD", "WEIYU_DEMO_ANYWHERE")
# Of tests, of the samples in docs/guide, and what Kubernetes tells of a service named "weiyu…".
FREE = re.compile(
    r"WEIYU_TEST_\w+|WEIYU_URL|WEIYU_TOKEN"
    r"|WEIYU_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)"
)


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
    _asked.add(name)
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name)
    if name in os.environ:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one of them.")
    try:
        # Editors on Windows write a byte order mark in front.
        return Path(path).read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ImproperlyConfigured(f"{name}_FILE is not text in UTF-8: save it as such.") from error


def refuse_unknown() -> None:
    """Refuse a `WEIYU_*` variable that nothing reads: somebody believes that it does something."""
    known = {*_asked, *READ_ELSEWHERE}
    known |= {f"{name}_FILE" for name in known}
    for name in sorted(os.environ):
        if name.startswith("WEIYU_") and name not in known and not FREE.fullmatch(name):
            (nearest,) = difflib.get_close_matches(name, known, n=1, cutoff=0)
            raise ImproperlyConfigured(f"{name} is no setting of Weiyu; {nearest} is one.")


def text(name: str, default: str | None = None) -> str:
    """Return the value of `name`; without a default it must be there."""
    value = optional(name)
    if default is not None:
        return default if value is None else value
    if not value:
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


def hosts(name: str, default: tuple[str, ...]) -> list[str]:
    """Return the comma-separated host names of `name`; "*" is left to whoever asks."""
    wanted = "host names without scheme, port or path, such as desk.example.com"
    return _each(name, listing(name, default), _is_host, wanted)


def origins(name: str) -> list[str]:
    """Return the comma-separated origins of `name`."""
    return _each(name, listing(name), _is_origin, "origins such as https://desk.example.com")


def _each(name: str, found: list[str], is_one: Callable[[str], bool], wanted: str) -> list[str]:
    for part in found:
        if not is_one(part):
            raise ImproperlyConfigured(f"{name} must list {wanted}, not {part!r}.")
    return found


def _is_host(host: str) -> bool:
    return host == "*" or bool(HOST.fullmatch(host))


def origin(name: str) -> str:
    """Return the one origin in `name`, "" where there is none."""
    found = text(name, "").strip().rstrip("/")
    if found and not _is_origin(found):
        raise ImproperlyConfigured(
            f"{name} must be a whole address without a path, such as https://desk.example.com"
        )
    return _as_browsers_say_it(found)


def _as_browsers_say_it(origin: str) -> str:
    """Return an origin in small letters and without the port that its scheme has anyhow."""
    origin = origin.lower()
    for scheme, port in (("https://", ":443"), ("http://", ":80")):
        if origin.startswith(scheme):
            return origin.removesuffix(port)
    return origin


def _is_origin(address: str) -> bool:
    parts = _split(address)
    is_bare = bool(parts.hostname) and address == f"{parts.scheme}://{parts.netloc}"
    return is_bare and parts.scheme in {"http", "https"} and not re.search(r"[\s@]", parts.netloc)


def _split(address: str) -> SplitResult:
    """Return the parts of an address, all of them empty where it or its port is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def database(name: str, default: str) -> dj_database_url.DBConfig:
    """Return the database that the address in `name` means."""
    try:
        found = dj_database_url.parse(
            text(name, default),
            # A new PostgreSQL connection costs about 8 ms; a few threads keep theirs. Lost ones are
            # found without asking the server each time (weiyu_site/lost_connections.py).
            conn_max_age=600,
        )
    except ValueError:
        found = {}
    if found.get("ENGINE") not in DATABASES or not found.get("NAME"):
        # Never the value itself: it holds the password.
        raise ImproperlyConfigured(
            f"{name} must read postgres://user:password@host/name or sqlite:////path/to/file"
        )
    return found


def redis(name: str) -> str:
    """Return the address of the Redis in `name`, "" where there is none."""
    found = text(name, "").strip()
    parts = _split(found)
    is_server = parts.scheme in {"redis", "rediss"} and bool(parts.hostname)
    if found and not is_server and not (parts.scheme == "unix" and parts.path):
        raise ImproperlyConfigured(f"{name} must read redis://host:6379/0")
    return found


def mail_server(name: str) -> MailServer | None:
    """Return the server that the address in `name` means, or None where there is none."""
    address = text(name, "")
    if not address:
        return None
    parts = _split(address)
    port = parts.port or MAIL_PORTS.get(parts.scheme)
    sender = parse_qs(parts.query).get("from", [""])[-1]
    if not parts.hostname or not port or (sender and "@" not in sender):
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
