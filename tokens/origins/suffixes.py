"""The public suffixes: the names right below which strangers get domains of their own.

The list (publicsuffix.org) is the one that browsers draw the borders of sites by, its private part
included: co.uk is on it, and so is cloudfront.net. It comes with its package and is read from
there, never over the network.
"""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


def is_public_suffix(host: str) -> bool:
    """Return whether strangers get domains right below `host`; a name without a dot counts."""
    return _list().is_public(host)


def registered_domain(host: str) -> str | None:
    """Return the part of `host` that one holder has: a suffix and one label before it."""
    return _list().privatesuffix(host)


@cache
def _list() -> PublicSuffixList:
    # Reading it takes 0.13 s and 3 MB, and calls with a token never ask for it.
    return PublicSuffixList()
