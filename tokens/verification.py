"""The one answer to "may this token be used here and now?", for login, API and sessions.

The order of the checks is fixed: form, signature and claims cost no query; then one query finds
the row with its person; then status, person, network, page and right.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from tokens import networks
from tokens.causes import Refused
from tokens.domains import AllowedDomain, Origin
from tokens.frames import FRAME_DESTINATIONS
from tokens.jwt import SignedToken, UnsoundToken
from tokens.models import AccessToken
from tokens.places import mark_first_use
from tokens.scopes import ROLE_SCOPES, allows
from tokens.tally import refused_calls
from tokens.throttling import WINDOW, count, throttle_address

logger = logging.getLogger(__name__)
TOUCH_EVERY = timedelta(minutes=1)
DENIALS_A_MINUTE = 20


@dataclass(frozen=True)
class Call:
    """Where a use of a token comes from. `page` is the header that shows it, None if absent.

    "frame" is a login that the browser itself says it shows inside a page.
    """

    kind: str  # "api", "login", "frame" or "session"
    address: str
    page: str | None = None
    # Of a session whose page is unknown: the token's domains when it was opened.
    domains: tuple[str, ...] = ()

    @classmethod
    def of_api(cls, request: HttpRequest) -> Call:
        return cls("api", request.META.get("REMOTE_ADDR", ""), request.headers.get("Origin"))

    @classmethod
    def of_login(cls, request: HttpRequest) -> Call:
        """A form that POSTs shows its Origin, a link or frame its Referer.

        That it is a frame must the browser itself say: anybody can write a frame's address.
        """
        header = "Origin" if request.method == "POST" else "Referer"
        is_frame = request.headers.get("Sec-Fetch-Dest") in FRAME_DESTINATIONS
        kind = "frame" if is_frame else "login"
        return cls(kind, request.META.get("REMOTE_ADDR", ""), request.headers.get(header))

    @cached_property
    def origin(self) -> Origin | None:
        return Origin.parse(self.page) if self.page else None

    @property
    def seen(self) -> str:
        """Return what to show people as the page: its origin, never its path or query."""
        return str(self.origin or ("?" if self.page else ""))


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
            token.mark_used_after_rotation(address=call.address, origin=call.seen)
        raise
    return token


def find(secret: str) -> tuple[SignedToken, AccessToken]:
    """Return the claims of a token and its row with the person; raises Refused."""
    try:
        return SignedToken.read(secret), AccessToken.objects.with_secret(secret)
    except UnsoundToken as error:
        raise Refused("token-invalid", rule=error.rule) from error
    except AccessToken.DoesNotExist as error:
        raise Refused("token-invalid", rule="row") from error


def counted(call: Call, refusal: Refused) -> Refused:
    """Count a refusal that names no token, by address and minute, and return it; no query."""
    refused_calls.add(
        address=throttle_address(call.address),
        cause=refusal.cause,
        rule=refusal.rule,
        kind=call.kind,
        origin=call.seen,
    )
    return refusal


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


def check_scope(token: AccessToken, person: User, scope: str) -> None:
    if scope not in ROLE_SCOPES[person.role]:
        raise Refused("role", scope=scope)
    if not allows(person, token, scope):
        raise Refused("insufficient-scope", scope=scope)


def record_denial(token: AccessToken, call: Call, refusal: Refused) -> None:
    """Write a denial to the audit: the same one at most once a minute, and few of one token."""
    key = f"tokens.denied.{token.pk}"
    # First, so that one caller cannot fill the cache with keys either.
    if cache.get(key, 0) >= DENIALS_A_MINUTE:
        return
    same = repr((refusal.cause, refusal.scope, call.kind, call.address, call.seen))
    if not cache.add(f"{key}.{hashlib.sha256(same.encode()).hexdigest()}", 1, timeout=WINDOW):
        return
    count(key)
    token.record(
        "denied",
        cause=refusal.cause,
        address=call.address,
        origin=call.seen,
        kind=call.kind,
        scope=refusal.scope,
    )


def touch(token: AccessToken, call: Call) -> None:
    """Note the use of a token, at most once a minute, and new places; never fails the request."""
    try:
        mark_first_use(token, call)
        _note_last_use(token, call)
    except DatabaseError:
        logger.warning("The use of token %s could not be noted.", token.pk, exc_info=True)


def _note_last_use(token: AccessToken, call: Call) -> None:
    now = timezone.now()
    if token.last_used_at and token.last_used_at > now - TOUCH_EVERY:
        return
    seen: dict[str, Any] = {"last_used_at": now, "last_used_address": call.address or None}
    if call.origin:
        seen["last_used_origin"] = str(call.origin)[:300]
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - TOUCH_EVERY)
    with transaction.atomic():
        AccessToken.objects.filter(stale, pk=token.pk).update(**seen)
