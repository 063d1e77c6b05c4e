"""From which sources, networks and pages, a token has been used. The audit marks the first use.

It holds the marks, once each by a unique index. Each process remembers those that it has seen, so
that a use from a known source costs no query.
"""

from __future__ import annotations

from contextlib import suppress

from django.db import IntegrityError, transaction

from tokens.models import AccessToken, TokenEvent
from tokens.origins import networks
from tokens.verification.call import Call
from tokens.verification.deferred_writes import deferred_writes

# A token that has been used from so many sources surprises nobody with another one.
MOST_SOURCES = 100
MOST_TOKENS = 10_000
LONGEST_SOURCE = 200
EVERYWHERE: frozenset[str] = frozenset({"*"})

_known: dict[str, frozenset[str]] = {}


def mark_first_use(token: AccessToken, call: Call) -> None:
    """Write an audit row for the network and for the page of `call` if they are new."""
    known = _known.get(token.handle, frozenset())
    sources = _sources_of(call)
    if known is not EVERYWHERE and not sources <= known:
        deferred_writes.write(("first", token.pk, sources), lambda: _learn(token, call, sources))


def _sources_of(call: Call) -> frozenset[str]:
    found = (networks.coarse_name(call.address), str(call.origin or ""))
    return frozenset(source[:LONGEST_SOURCE] for source in found if source)


def _learn(token: AccessToken, call: Call, sources: frozenset[str]) -> None:
    marks = TokenEvent.objects.filter(token_id=token.pk, verb=TokenEvent.Verb.FIRST_USE)
    marked = frozenset(marks.values_list("cause", flat=True)[:MOST_SOURCES])
    for source in sorted(sources - marked)[: MOST_SOURCES - len(marked)]:
        _mark(token, call, source)
    if len(_known) >= MOST_TOKENS:
        _known.clear()
    everywhere = len(marked | sources) >= MOST_SOURCES
    _known[token.handle] = EVERYWHERE if everywhere else marked | sources


def _mark(token: AccessToken, call: Call, source: str) -> None:
    # Where another process saw the same use first, it has marked it.
    with suppress(IntegrityError), transaction.atomic():
        token.record(
            TokenEvent.Verb.FIRST_USE,
            cause=source,
            address=call.address,
            origin=call.seen,
            kind=call.kind,
        )
