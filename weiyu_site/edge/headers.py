"""Judge the headers of a request before anything reads them (RFC 9110, section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from weiyu_site.edge import redaction
from weiyu_site.edge.problem import Refusal

Header = tuple[bytes, bytes]

# Two of these would be read differently by whoever comes first and whoever comes last.
ONCE = frozenset(
    {b"host", b"origin", b"referer", b"authorization", b"content-length", b"content-type"}
)
ADDRESSES = frozenset({b"referer", b"hx-current-url"})
# What a proxy may tell is judged once (proxies.py); nobody below may read it again.
DROPPED = frozenset({b"forwarded", b"x-real-ip", b"x-request-id", b"transfer-encoding"})
WATCHED = frozenset({
    *ONCE, *DROPPED, b"cookie", b"x-forwarded-for", b"x-forwarded-proto", b"accept-language",
    b"expect",
})  # fmt: skip
# They carry secrets on purpose, for those who verify them.
SECRET = frozenset({b"authorization", b"cookie"})

# All names and values together, in bytes, and how many lines they may be.
LARGEST = 64 * 1024
MOST = 128

# What is taken is never given back: a caller decides what stands here.
_CHARSET = re.compile(r"charset\s*+\*?+\s*+=\s*+(\"[^\"]*+\"|[^;,\s]*+)", re.IGNORECASE)
CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})


@dataclass(slots=True)
class Headers:
    """The headers that go on, and the values that the edge itself needs."""

    kept: list[Header] = field(default_factory=list)
    seen: dict[bytes, bytes] = field(default_factory=dict)
    refusal: Refusal | None = None

    def text(self, name: bytes) -> str:
        return self.seen.get(name, b"").decode("latin-1")


def too_large() -> Refusal:
    return Refusal(431, "headers-too-large", _("The headers are too large."), close=True)


def judge_headers(headers: Iterable[Header]) -> Headers:
    """Drop what could be misread, mask tokens, and refuse what contradicts itself."""
    judged = Headers()
    noted: dict[bytes, list[bytes]] = {}
    total = 0
    for number, (given, value) in enumerate(headers, 1):
        total += len(given) + len(value)
        if total > LARGEST or number > MOST:
            # The rest is not looked at.
            judged.refusal = too_large()
            break
        name = given.lower()
        if b"_" in name:
            # WSGI reads `X_Forwarded_For` and `X-Forwarded-For` as one.
            continue
        if name in WATCHED:
            noted.setdefault(name, []).append(value)
        if name in DROPPED or name == b"cookie" or name.startswith(b"x-forwarded-"):
            continue
        judged.kept.append((name, _masked(name, value)))
    judged.seen = {name: _joined(name, values) for name, values in noted.items()}
    if cookie := judged.seen.get(b"cookie"):
        judged.kept.append((b"cookie", cookie))
    judged.refusal = (
        judged.refusal or _refused_repeats(noted) or _refused_charset(judged.text(b"content-type"))
    )
    return judged


def _refused_charset(content_type: str) -> Refusal | None:
    """Refuse what is not UTF-8: Python's codecs also hold ciphers, archives and ones that fail."""
    named = (charset.strip('" ').lower() for charset in _CHARSET.findall(content_type))
    if CHARSETS.issuperset(named):
        return None
    return Refusal(415, "charset-unsupported", _("Send text as UTF-8."))


def _joined(name: bytes, values: list[bytes]) -> bytes:
    """Return repeated values as their header defines it; of those that may not, the first."""
    if name in ONCE:
        return values[0]
    return (b"; " if name == b"cookie" else b", ").join(values)


def _refused_repeats(noted: Mapping[bytes, list[bytes]]) -> Refusal | None:
    if all(len(values) == 1 for name, values in noted.items() if name in ONCE):
        return None
    return Refusal(400, "repeated-header", _("A header that may be sent once was sent twice."))


def _masked(name: bytes, value: bytes) -> bytes:
    if name in ADDRESSES:
        return redaction.clean_address(value.decode("latin-1")).encode("latin-1", "replace")
    if b"eyJ" in value and name not in SECRET:
        return redaction.mask(value.decode("latin-1")).encode("latin-1")
    return value
