"""The audit rows of denials, few of each. Why a token is refused stands in rules.py."""

from __future__ import annotations

from django.core.cache import cache

from tokens.errors import Refused
from tokens.models import AccessToken
from tokens.signing.digests import digest_of
from tokens.verification.call import Call
from tokens.verification.deferred_writes import deferred_writes
from tokens.verification.rates import WINDOW, count

DENIALS_A_MINUTE = 20


def record_denial(token: AccessToken, call: Call, refusal: Refused) -> None:
    """Write a denial to the audit: the same one at most once a minute, and few of one token.

    The caller is refused at once, whatever the database is doing.
    """
    key = f"tokens.denied.{token.pk}"
    # First, so that one caller cannot fill the cache with keys either.
    if cache.get(key, 0) >= DENIALS_A_MINUTE:
        return
    seen = (refusal.cause, refusal.scope, call.kind, call.address, call.seen)
    same = f"{key}.{digest_of(repr(seen))}"
    if not cache.add(same, 1, timeout=WINDOW):
        return
    count(key)
    deferred_writes.write(
        ("denied", same),
        lambda: token.record(
            "denied",
            cause=refusal.cause,
            address=call.address,
            origin=call.seen,
            kind=call.kind,
            scope=refusal.scope,
        ),
    )
