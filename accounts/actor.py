"""Who makes a change: a person, and the AccessToken that they came with, if any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from accounts.models import User

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request


@dataclass(frozen=True)
class Actor:
    """`user` is None for the system itself; `token_id` is None for password sessions."""

    user: User | None
    token_id: int | None = None

    @classmethod
    def of(cls, request: HttpRequest | Request) -> Actor:
        """Return the caller of a Django or DRF request that passed authentication."""
        token = getattr(request, "access_token", None)
        return cls(user=cast("User", request.user), token_id=token.pk if token else None)

    @classmethod
    def system(cls) -> Actor:
        return cls(user=None)

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user else None

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
