"""Who makes a change: a person, and the AccessToken that they came with, if any."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User

if TYPE_CHECKING:
    from rest_framework.request import Request


class Token(Protocol):
    """What is known here of an AccessToken; a room above makes them."""

    pk: int
    name: str
    expires_at: datetime

    @property
    def scopes(self) -> Collection[str]: ...


def token_of(request: HttpRequest | Request) -> Token | None:
    """Return the token that the caller came with, None for password sessions."""
    return getattr(request, "access_token", None)


@dataclass(frozen=True)
class Actor:
    """`user` is None for the system itself; `token_id` is None for password sessions."""

    user: User | None
    token_id: int | None = None

    @classmethod
    def of(cls, request: HttpRequest | Request) -> Actor:
        """Return the caller of a request that passed authentication; nobody else acts."""
        user, token = request.user, token_of(request)
        if not user.is_authenticated:
            raise PermissionDenied
        return cls(user=user, token_id=token.pk if token else None)

    @classmethod
    def system(cls) -> Actor:
        return cls(user=None)

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user else None

    @property
    def has_token(self) -> bool:
        return self.token_id is not None

    @property
    def is_team(self) -> bool:
        """True for those who answer customers, and for the system itself."""
        return self.user is None or self.user.is_team_member

    @property
    def is_administrator(self) -> bool:
        """True for administrators, and for the system itself."""
        return self.user is None or self.user.is_administrator

    def as_columns(self) -> dict[str, int | None]:
        """Return the two columns that history rows keep: `actor_id` and `token_id`."""
        return {"actor_id": self.user_id, "token_id": self.token_id}


def actor_of(request: HttpRequest) -> Actor:
    return Actor.of(request)
