"""Make a request safe to log and to read, in place: its address, its headers, its caller."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from weiyu_site.edge import headers, proxies, redaction, request_ids
from weiyu_site.edge.problem import Refusal

Scope = MutableMapping[str, Any]
Environ = MutableMapping[str, Any]

# Browsers and proxies stop at about half of this.
LONGEST_ADDRESS = 16 * 1024

_NOT_IN_QUERIES = re.compile(rb"[^\x21-\x7e]")


@dataclass(slots=True)
class Examined:
    """What the edge goes on with after a request was examined."""

    path: str
    headers: headers.Headers
    refusal: Refusal | None


def examine(scope: Scope, trusted: Sequence[proxies.Network]) -> Examined:
    """Clean the server's own scope: a copy would leave the token in the server's access log."""
    too_long = len(scope["query_string"]) + len(scope["path"]) > LONGEST_ADDRESS
    if too_long:
        # Nobody needs the rest, and it need not be looked through either.
        scope["query_string"], scope["path"] = b"", scope["path"][:200]
    scope["weiyu.access_tokens"] = _clean_query(scope)
    _clean_path(scope)
    judged = headers.judge(scope["headers"])
    scope["headers"] = judged.kept
    scope["weiyu.request_id"] = request_ids.choose(judged.text(b"x-request-id"))
    _find_caller(scope, judged, trusted)
    if too_long:
        refusal: Refusal | None = _address_too_long()
    else:
        refusal = judged.refusal or _refused_address(scope["path"], scope["query_string"])
    return Examined(scope["path"], judged, refusal)


def examine_environ(environ: Environ, trusted: Sequence[proxies.Network]) -> Refusal | None:
    """Do the same to a WSGI environ, as far as its server has left the parts to see."""
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    if too_long := len(path) + len(query) > LONGEST_ADDRESS:
        path, query = path[:200], ""
    query, environ["weiyu.access_tokens"] = redaction.clean_query(query)
    environ["QUERY_STRING"], environ["PATH_INFO"] = query, redaction.clean_path(path)
    for unclean in ("REQUEST_URI", "RAW_URI"):
        environ.pop(unclean, None)
    names = {_header_name(key): key for key in environ if key.startswith("HTTP_")}
    judged = headers.judge((name, environ[key].encode("latin-1", "replace"))
                           for name, key in names.items())  # fmt: skip
    for key in names.values():
        del environ[key]
    for name, value in judged.kept:
        environ[names[name]] = value.decode("latin-1")
    environ["weiyu.request_id"] = request_ids.choose(judged.text(b"x-request-id"))
    caller = _judged_caller(
        environ.get("REMOTE_ADDR", ""), environ.get("wsgi.url_scheme", "http"), judged, trusted
    )
    environ["REMOTE_ADDR"], environ["wsgi.url_scheme"] = caller
    if too_long:
        return _address_too_long()
    refusal = judged.refusal or headers.refused_charset(environ.get("CONTENT_TYPE", ""))
    return refusal or _refused_address(environ["PATH_INFO"], query.encode("latin-1"))


def _clean_query(scope: Scope) -> list[str]:
    raw: bytes = scope["query_string"]
    if not raw:
        return []
    # The server's log and the bridge to WSGI both read it as ASCII.
    raw = _NOT_IN_QUERIES.sub(lambda found: b"%%%02X" % found[0][0], raw)
    query, taken = redaction.clean_query(raw.decode("ascii"))
    scope["query_string"] = query.encode("ascii")
    return taken


def _clean_path(scope: Scope) -> None:
    path: str = scope["path"]
    if not path.isascii():
        # Lone surrogates cannot become the bytes that WSGI wants.
        path = path.encode("utf-8", "replace").decode("utf-8")
    path = redaction.clean_path(path)
    if path != scope["path"]:
        scope["path"] = path
        scope["raw_path"] = quote(path).encode("ascii")
    elif b"%" in scope.get("raw_path", b""):
        scope["raw_path"] = quote(path).encode("ascii")


def _find_caller(scope: Scope, judged: headers.Headers, trusted: Sequence[proxies.Network]) -> None:
    address, port = scope.get("client") or ("", 0)
    is_socket = scope["type"] == "websocket"
    scheme = "https" if scope.get("scheme") in {"https", "wss"} else "http"
    caller = _judged_caller(address, scheme, judged, trusted)
    if caller.address:
        scope["client"] = (caller.address, port)
    scope["scheme"] = caller.scheme.replace("http", "ws") if is_socket else caller.scheme


def _judged_caller(
    peer: str, scheme: str, judged: headers.Headers, trusted: Sequence[proxies.Network]
) -> proxies.Caller:
    return proxies.judge(
        peer,
        scheme,
        forwarded_for=judged.text(b"x-forwarded-for"),
        forwarded_proto=judged.text(b"x-forwarded-proto"),
        trusted=trusted,
    )


def _refused_address(path: str, query: bytes) -> Refusal | None:
    """Refuse NUL: no name or text holds it, and PostgreSQL fails on it."""
    if "\0" in path or b"%00" in query or b"\0" in query:
        return Refusal(400, "malformed", _("The address holds a NUL character."))
    return None


def _address_too_long() -> Refusal:
    return Refusal(414, "address-too-long", _("The address is too long."))


def _header_name(key: str) -> bytes:
    return key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1", "replace")
