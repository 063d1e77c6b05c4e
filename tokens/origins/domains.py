"""The pages that may use a token: parsing, matching and the CSP source of one allowed domain.

One parsed `AllowedDomain` yields both the matcher for Origin and Referer and the sources for
`frame-ancestors`, so that the two can never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tokens.origins.hosts import BadHost, is_address, normal_host
from tokens.origins.suffixes import is_public_suffix

DEFAULT_PORTS = {"http": 80, "https": 443}
MOST_DOMAINS = 50
# What is wrong with a line of the form, by the code of the error.
SENTENCES = {
    "too_wide": _("“%(entry)s” would allow sites of strangers. Name your own domain after “*.”."),
    "bad_scheme": _("“%(entry)s”: pages come over http:// or https:// only."),
    "no_domain": _("“%(entry)s” is no domain. Leave the list empty to allow every site."),
    "not_only_a_domain": _(
        "“%(entry)s”: only a domain fits here, such as crm.example.com, without a path."
    ),
    "bad_character": _(
        "“%(entry)s” holds a character that no domain has. Write one domain a line."
    ),
    "inner_wildcard": _("“%(entry)s”: a star may stand only at the front, as in *.example.com."),
    "bad_port": _("“%(entry)s”: a port is a number from 1 to 65535, or *."),
    "bad_host": _("“%(entry)s” is no domain that a browser knows. Check its spelling."),
}


@dataclass(frozen=True)
class Origin:
    """A web origin (RFC 6454): scheme, host in its one normal form, and port.

    `example.com.` is another host than `example.com`, as it is to browsers.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Origin | None:
        """Return the origin of an Origin or Referer header; None for `null` and nonsense."""
        try:
            parts = urlsplit(text.strip(" "))
            if parts.scheme not in DEFAULT_PORTS or "\\" in parts.netloc:
                return None  # a browser ends the host at a backslash, Python does not
            port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
            before, bracket, after = parts.netloc.rpartition("@")[2].rpartition("]")
            return cls(parts.scheme, normal_host(before + bracket + after.partition(":")[0]), port)
        except ValueError:
            return None

    def __str__(self) -> str:
        tail = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{tail}"


@dataclass(frozen=True)
class AllowedDomain:
    """One entry of a token's list. `scheme` None is both, `port` None the default, "*" any."""

    scheme: str | None
    host: str
    subdomains: bool = False
    port: int | str | None = None

    def matches(self, origin: Origin) -> bool:
        """Return whether a page of `origin` may use the token."""
        return (
            origin.scheme in self._schemes()
            and self._port_matches(origin)
            and self._host_matches(origin.host)
        )

    @property
    def can_frame(self) -> bool:
        """Return whether CSP has a way to write the host down (not IPv6, no underscore)."""
        return not self.host.startswith("[") and "_" not in self.host

    @property
    def is_too_wide(self) -> bool:
        """Return whether sites of strangers match: everything below a public suffix."""
        return self.subdomains and (is_address(self.host) or is_public_suffix(self.host))

    def csp_sources(self) -> list[str]:
        """Return the sources that let the same pages frame us.

        A source that browsers cannot read stays in: left out, an empty list would mean anyone.
        """
        return [f"{scheme}://{self._host_and_port()}" for scheme in self._schemes()]

    def __str__(self) -> str:
        """Return the text that is saved; parsing it gives the same entry again."""
        return (f"{self.scheme}://" if self.scheme else "") + self._host_and_port()

    def _host_and_port(self) -> str:
        host = f"*.{self.host}" if self.subdomains else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def _schemes(self) -> tuple[str, ...]:
        # Browsers upgrade an http source to https as well, so the matcher does the same.
        return ("https",) if self.scheme == "https" else ("http", "https")

    def _port_matches(self, origin: Origin) -> bool:
        if self.port == "*":
            return True
        if origin.port == (self.port or DEFAULT_PORTS[origin.scheme]):
            return True
        # Browsers upgrade port 80 along with the scheme.
        is_secure_default = (origin.scheme, origin.port) == ("https", DEFAULT_PORTS["https"])
        return self.port == 80 and self.scheme != "https" and is_secure_default

    def _host_matches(self, host: str) -> bool:
        if not self.subdomains:
            return host == self.host
        suffix = self.host.split(".")
        labels = host.split(".")
        return len(labels) > len(suffix) and labels[-len(suffix) :] == suffix


@lru_cache(maxsize=2048)
def parse(text: str) -> tuple[AllowedDomain, ...]:
    """Return the entries that a line of the form means; `.example.com` means two.

    Raises ValidationError with a sentence that helps. What is too wide to be saved is read too:
    it may have been saved before the list of public suffixes knew it.
    """
    entry = text.strip()
    scheme, rest = _split_scheme(entry)
    _refuse_what_is_no_host(entry, rest)
    host_text, port = _split_port(entry, rest)
    dotted = host_text.startswith(".")
    wildcard = host_text.startswith("*.")
    host = _host_of(entry, host_text[2:] if wildcard else host_text.removeprefix("."))
    whole = AllowedDomain(scheme, host, subdomains=wildcard, port=port)
    return (whole, AllowedDomain(scheme, host, True, port)) if dotted else (whole,)


def parse_all(texts: Iterable[str]) -> tuple[AllowedDomain, ...]:
    """Return the entries of all lines, each once, in their order."""
    found = dict.fromkeys(domain for text in texts if text.strip() for domain in parse(text))
    if len(found) > MOST_DOMAINS:
        raise ValidationError(
            _("At most %(most)s domains fit one token."),
            code="too_many",
            params={"most": MOST_DOMAINS},
        )
    return tuple(found)


def parse_to_save(texts: Sequence[str], *, saved: Sequence[str] = ()) -> tuple[AllowedDomain, ...]:
    """Return the entries of a list that is about to be saved, none of them too wide.

    A list that means what is `saved` already is no change, and stays.
    """
    found = parse_all(texts)
    if found != parse_all(saved):
        _refuse_too_wide(texts)
    return found


def _refuse_too_wide(texts: Iterable[str]) -> None:
    for text in filter(str.strip, texts):
        if any(domain.is_too_wide for domain in parse(text)):
            raise _refused("too_wide", text.strip())


def _refused(code: str, entry: str) -> ValidationError:
    return ValidationError(SENTENCES[code], code=code, params={"entry": entry})


def _split_scheme(entry: str) -> tuple[str | None, str]:
    scheme, separator, rest = entry.partition("://")
    if not separator:
        return None, entry
    if scheme.lower() not in DEFAULT_PORTS:
        raise _refused("bad_scheme", entry)
    return scheme.lower(), rest.removesuffix("/")


def _refuse_what_is_no_host(entry: str, rest: str) -> None:
    if rest.lower() in {"*", "null", ""}:
        raise _refused("no_domain", entry)
    if any(character in rest for character in "/?#@\\"):
        raise _refused("not_only_a_domain", entry)
    if any(character in ";,'\"" or character.isspace() or character < " " for character in rest):
        raise _refused("bad_character", entry)
    inner = rest.removeprefix("*.")
    if "*" in inner.rpartition(":")[0] or ("*" in inner and not inner.endswith(":*")):
        raise _refused("inner_wildcard", entry)


def _split_port(entry: str, rest: str) -> tuple[str, int | str | None]:
    tail = rest.rpartition("]")[2] if rest.startswith("[") else rest
    before, separator, port = tail.rpartition(":")
    if not separator:
        return rest, None
    host = rest[: len(rest) - len(port) - 1]
    if port == "*":
        return host, "*"
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536) or ":" in before:
        raise _refused("bad_port", entry)
    return host, int(port)


def _host_of(entry: str, text: str) -> str:
    try:
        return normal_host(text).removesuffix(".")
    except BadHost as error:
        raise _refused("bad_host", entry) from error
