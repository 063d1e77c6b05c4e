"""What somebody pastes where a token is asked for: the token, a login address, a header."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from records.addresses import TOKEN_NAMES, folded
from tokens.errors import Refused
from tokens.origins.domains import Origin
from tokens.verification.credentials import without_blanks


@dataclass(frozen=True)
class Pasted:
    """A token, and what its login address says: the target and the server's origin."""

    secret: str = field(repr=False)
    target: str = ""
    server: Origin | None = None


def read(text: str) -> Pasted:
    """Return what was pasted; raises Refused where an address holds no token, or several."""
    text = without_blanks(text)
    if "?" not in text and "://" not in text:
        scheme, _space, rest = text.partition(" ")
        return Pasted(without_blanks(rest) if scheme.lower().rstrip(":") == "bearer" else text)
    try:
        parts = urlsplit("".join(text.split()))
    except ValueError as error:
        raise Refused("token-missing") from error
    given = [
        value
        for name, value in parse_qsl(parts.query.replace("amp;", ""))
        if folded(name) in TOKEN_NAMES
    ]
    if len(given) != 1:
        raise Refused("token-doubled" if given else "token-missing")
    target = "admin" if parts.path.startswith("/admin") else "agent"
    return Pasted(without_blanks(given[0]), target, Origin.parse(text))
