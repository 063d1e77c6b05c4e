"""Take AccessTokens out of addresses (RFC 6750, section 5.3), and mask what else looks like one."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, unquote_plus

from records.addresses import MASK, TOKEN_NAMES, folded

# A run of base64url that holds "eyJ" (the start of every JSON object in base64), then two more
# runs or longer. It starts only where a run starts and never steps back, so that a hostile
# address of any length costs one pass; what follows the third run is masked too, lest a token
# glued behind a decoy lose its header alone.
_JWT = re.compile(
    r"(?<![A-Za-z0-9_-])(?>([A-Za-z0-9_-]*?)(?=eyJ[A-Za-z0-9_-]))"
    r"[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++){2,}+"
)
# An address may carry another one, encoded (`next=`). Nobody unwraps more often than this.
_DEEPEST = 4


def mask(text: str) -> str:
    """Return `text` with every JWT-shaped string masked."""
    if "eyJ" not in text:
        return text
    return _JWT.sub(rf"\g<1>{MASK}", text)


def clean_text(text: str) -> str:
    """Mask JWT-shaped strings, also percent-encoded ones; other text comes back as it is."""
    text = mask(text)
    if "%" not in text:
        return text
    decoded = text
    for _ in range(_DEEPEST):
        inner = unquote(decoded)
        if inner == decoded:
            break
        if (masked := mask(inner)) != inner:
            return quote(masked, safe="/:")
        decoded = inner
    return text


def clean_query(query: str) -> tuple[str, list[str]]:
    """Return the query without token parameters, and the values that they had, in order."""
    lower = query.lower()
    if "token" not in lower and "%" not in lower:
        return mask(query), []
    kept: list[str] = []
    taken: list[str] = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if folded(name) in TOKEN_NAMES:
            taken.append(unquote_plus(value))
        else:
            kept.append(f"{clean_text(name)}{equals}{clean_text(value)}")
    return "&".join(kept), taken


def clean_path(path: str) -> str:
    """Return a path whose JWT-shaped parts are masked."""
    if "eyJ" not in path and "%" not in path:
        return path
    return "/".join(clean_text(part) for part in path.split("/"))


def clean_address(address: str) -> str:
    """Return a whole address (a Referer) as it may be logged: no token in path or query."""
    if "?" not in address and "#" not in address:
        return clean_path(address)
    path, mark, query = re.split(r"([?#])", address, maxsplit=1)
    return clean_path(path) + mark + clean_query(query)[0]
