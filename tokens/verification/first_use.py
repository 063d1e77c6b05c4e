"""Where a token has been used. The first use from each network and page is marked in the audit.

The audit holds the marks, once each by a unique index. Each process remembers those that it has
seen, so that a use from a known place costs no query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from tokens.models import AccessToken, TokenEvent
from tokens.origins import networks

if TYPE_CHECKING:
    from tokens.verification.call import Call

# A token that has been used from so many places surprises nobody with another one.
MOST_PLACES = 100
MOST_TOKENS = 10_000
LONGEST_PLACE = 200
EVERYWHERE: frozenset[str] = frozenset({"*"})

_known: dict[str, frozenset[str]] = {}


def mark_first_use(token: AccessToken, call: Call) -> None:
    """Write an audit row for the network and for the page of `call` if they are new."""
    known = _known.get(token.handle, frozenset())
    here = _places_of(call)
    if known is not EVERYWHERE and not here <= known:
        _learn(token, call, here)


def _places_of(call: Call) -> frozenset[str]:
    found = (networks.coarse_name(call.address), str(call.origin or ""))
    return frozenset(place[:LONGEST_PLACE] for place in found if place)


def _learn(token: AccessToken, call: Call, here: frozenset[str]) -> None:
    marks = TokenEvent.objects.filter(token_id=token.pk, verb=TokenEvent.Verb.FIRST_USE)
    marked = frozenset(marks.values_list("cause", flat=True)[:MOST_PLACES])
    for place in sorted(here - marked)[: MOST_PLACES - len(marked)]:
        _mark(token, call, place)
    if len(_known) >= MOST_TOKENS:
        _known.clear()
    everywhere = len(marked | here) >= MOST_PLACES
    _known[token.handle] = EVERYWHERE if everywhere else marked | here


def _mark(token: AccessToken, call: Call, place: str) -> None:
    try:
        with transaction.atomic():
            token.record(
                TokenEvent.Verb.FIRST_USE,
                cause=place,
                address=call.address,
                origin=call.seen,
                kind=call.kind,
            )
    except IntegrityError:
        # Another process saw the same use first, and marked it.
        return
