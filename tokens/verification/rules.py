"""The rules that every use of a token must pass, as data, in their fixed order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import User
from tokens.errors import Refused
from tokens.models import AccessToken
from tokens.origins import networks
from tokens.origins.domains import AllowedDomain
from tokens.scopes import ROLE_SCOPES, allows
from tokens.verification.call import Call


@dataclass(frozen=True)
class Case:
    """One use of a token, as the rules judge it: each raises Refused, or lets it pass."""

    token: AccessToken
    call: Call
    person: User
    scope: str | None = None
    has_expired: bool = False


def _check_status(case: Case) -> None:
    token = case.token
    if token.disabled_at:
        raise Refused("token-disabled")
    if case.has_expired or token.expires_at <= timezone.now():
        raise Refused("token-expired")
    if token.grace_until and token.grace_until <= timezone.now():
        raise Refused("token-rotated")


def _check_people(case: Case) -> None:
    if not (case.token.user.is_active and case.person.is_active):
        raise Refused("user-inactive")


def _check_network(case: Case) -> None:
    allowed = case.token.networks
    if allowed and not networks.containing(allowed, case.call.address):
        raise Refused("network-not-allowed", seen=case.call.address)


def _check_page(case: Case) -> None:
    token, call = case.token, case.call
    if not token.domains:
        return
    if call.page is None:
        if not _may_show_no_page(token, call):
            raise Refused("domain-not-allowed")
    elif matching_domain(token, call) is None:
        raise Refused("domain-not-allowed", seen=call.seen)


def _check_proxy(case: Case) -> None:
    """Only an administrator's strong token lets somebody else in, and nobody of that role."""
    if case.person.pk == case.token.user_id:
        return
    if case.person.is_administrator:
        raise Refused("role", scope="tokens:write")
    check_scope(case.token, case.token.user, "tokens:write")


def _check_scope(case: Case) -> None:
    if case.scope:
        check_scope(case.token, case.person, case.scope)


# In this order, for every use of every token. The names are those of the explanations.
RULES: tuple[tuple[str, Callable[[Case], None]], ...] = (
    ("status", _check_status),
    ("person", _check_people),
    ("network", _check_network),
    ("page", _check_page),
    ("proxy", _check_proxy),
    ("scope", _check_scope),
)


def matching_domain(token: AccessToken, call: Call) -> AllowedDomain | None:
    """Return the entry of the token's list that allows the page of `call`."""
    origin = call.origin
    if origin is None:
        return None
    return next((entry for entry in token.allowed_domains if entry.matches(origin)), None)


def _may_show_no_page(token: AccessToken, call: Call) -> bool:
    match call.kind:
        case "api":
            # A program shows no page, so networks must hold it.
            return bool(token.networks)
        case "frame":
            # The browser holds it: the page that it lands on is framed by the listed alone.
            return True
        case "session":
            # It stands as long as nothing was taken from the list that it was opened under.
            still_listed = bool(call.domains) and set(call.domains) <= set(token.domains)
            return still_listed or token.allow_missing_referrer
    return token.allow_missing_referrer


def check_scope(token: AccessToken | None, person: User, scope: str) -> None:
    if not allows(person, token, scope):
        raise lack_of(scope, person)


def lack_of(scope: str, person: User) -> Refused:
    """Return whether it is the role or the token that lacks a scope, as a refusal."""
    has_role = scope in ROLE_SCOPES[person.role]
    return Refused("insufficient-scope" if has_role else "role", scope=scope)
