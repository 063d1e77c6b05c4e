"""The one answer to "may this token be used here and now?", for login, API and sessions.

The order of the checks is fixed: form, signature and claims cost no query; then one query finds
the row with its person; then the rules of tokens/verification/rules.py.
"""

from __future__ import annotations

from accounts.models import User
from tokens.errors import Refused
from tokens.models import AccessToken
from tokens.signing.jwt import SignedToken, UnsoundToken
from tokens.verification.call import Call
from tokens.verification.deferred_writes import deferred_writes
from tokens.verification.denials import record_denial
from tokens.verification.refused_counter import counted
from tokens.verification.rules import RULES, Case


def verify(secret: str, call: Call, *, scope: str | None = None) -> AccessToken:
    """Return the row of a token that may be used for `call`, with its person.

    Costs no query for a bad signature and one for a good one. Raises Refused; a refusal that
    names a row is written to the audit, any other is counted.
    """
    try:
        signed, token = find(secret)
    except Refused as refusal:
        counted(call, refusal)
        raise
    try:
        check(token, call, scope=scope, has_expired=signed.has_expired)
    except Refused as refusal:
        if refusal.cause == "token-rotated" and token.used_after_rotation_at is None:
            deferred_writes.write(
                ("reused", token.pk),
                lambda: token.mark_used_after_rotation(address=call.address, origin=call.seen),
            )
        raise
    return token


def find(secret: str) -> tuple[SignedToken, AccessToken]:
    """Return the claims of a token and its row with the person; raises Refused."""
    try:
        return SignedToken.read(secret), AccessToken.objects.with_secret(secret)
    except UnsoundToken as error:
        cause = "token-not-yet-valid" if error.rule == "clock" else "token-invalid"
        raise Refused(cause, rule=error.rule) from error
    except AccessToken.DoesNotExist as error:
        raise Refused("token-invalid", rule="row") from error


def check(
    token: AccessToken,
    call: Call,
    *,
    scope: str | None = None,
    has_expired: bool = False,
    person: User | None = None,
) -> None:
    """Raise Refused unless the row allows `call`; also what every click of a session passes.

    `person` is who acts, where a login link named another one than the token's.
    """
    case = Case(token, call, person or token.user, scope=scope, has_expired=has_expired)
    try:
        for _name, rule in RULES:
            rule(case)
    except Refused as refusal:
        record_denial(token, call, refusal)
        raise
