"""What a caller may do: the rights of their role, narrowed by the scopes of their token.

`allows` is the one place where that is worked out, for the API, the admin and the pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User

if TYPE_CHECKING:
    from tokens.models import AccessToken


class Scope(models.TextChoices):
    """A right that a token can carry; a family's `write` includes its `read`."""

    LOGIN_AGENT = "login:agent", _("Open the agent workstation by link")
    LOGIN_ADMIN = "login:admin", _("Open the admin back office by link")
    TICKETS_READ = "tickets:read", _("Read tickets")
    TICKETS_WRITE = "tickets:write", _("Create, change and delete tickets")
    MESSAGES_READ = "messages:read", _("Read conversations and messages")
    MESSAGES_WRITE = "messages:write", _("Write messages, take and close conversations")
    USERS_READ = "users:read", _("Read people and workgroups")
    USERS_WRITE = "users:write", _("Create and change people and workgroups")
    STATISTICS_READ = "statistics:read", _("Read statistics")
    SETTINGS_READ = "settings:read", _("Read the system configuration")
    SETTINGS_WRITE = "settings:write", _("Change the system configuration")
    TOKENS_READ = "tokens:read", _("Read tokens and their audit (never the tokens themselves)")
    TOKENS_WRITE = "tokens:write", _("Make and disable tokens, never wider than this one")


ALL_SCOPES: frozenset[str] = frozenset(Scope.values)
LOGIN_SCOPES = frozenset({Scope.LOGIN_AGENT.value, Scope.LOGIN_ADMIN.value})

_CUSTOMER = {
    Scope.TICKETS_READ,
    Scope.TICKETS_WRITE,
    Scope.MESSAGES_READ,
    Scope.MESSAGES_WRITE,
    Scope.TOKENS_READ,
}
_AGENT = _CUSTOMER | {Scope.LOGIN_AGENT, Scope.USERS_READ, Scope.STATISTICS_READ}

ROLE_SCOPES: dict[str, frozenset[str]] = {
    User.Role.CUSTOMER: frozenset(scope.value for scope in _CUSTOMER),
    User.Role.AGENT: frozenset(scope.value for scope in _AGENT),
    User.Role.ADMINISTRATOR: ALL_SCOPES,
}

# Whoever wants these in a token ticks them by hand.
BY_HAND = {Scope.USERS_WRITE, Scope.SETTINGS_WRITE, Scope.TOKENS_READ, Scope.TOKENS_WRITE}


def default_scopes(role: str) -> list[str]:
    """Return the scopes that are ticked when a token is made for a person of `role`."""
    return sorted(ROLE_SCOPES[role] - BY_HAND)


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """Return `scopes` with the `read` that each `write` includes."""
    given = set(scopes)
    given.update(f"{scope[: -len(':write')]}:read" for scope in scopes if scope.endswith(":write"))
    return ALL_SCOPES & given


def granted(user: User, token: AccessToken | None) -> frozenset[str]:
    """Return the rights of `user`, narrowed by the token that they came with."""
    rights = ROLE_SCOPES[user.role]
    return rights & expand(token.scopes) if token else rights


def allows(user: User | AnonymousUser, token: AccessToken | None, scope: str) -> bool:
    return user.is_authenticated and scope in granted(user, token)
