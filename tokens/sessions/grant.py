"""What a token opened ends with it, here.

A session, a frame's bearer and a socket each keep a `Grant`, and ask it before they do anything:
one query says whether token, person, network and page are still good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from accounts.models import User
from tokens.errors import Refused
from tokens.models import AccessToken
from tokens.request import GRANT_KEY, TOKEN_KEY
from tokens.verification.call import Call
from tokens.verification.verify import check


@dataclass(frozen=True)
class Grant:
    """The login that opened a session.

    `page` is the origin seen then, "" if none; `context` is where alone the session counts.
    """

    token_id: int
    user_id: int
    page: str
    domains: tuple[str, ...]
    password_hash: str
    context: str

    @classmethod
    def of_session(cls, session: Mapping[str, Any]) -> Grant | None:
        """Return the grant of a session; None for one that a password opened."""
        token_id = session.get(TOKEN_KEY)
        if token_id is None:
            return None
        granted = session.get(GRANT_KEY, {})
        return cls(
            token_id=token_id,
            user_id=int(session.get(SESSION_KEY) or 0),
            page=granted.get("page", ""),
            domains=tuple(granted.get("domains", ())),
            password_hash=session.get(HASH_SESSION_KEY, ""),
            context=granted.get("context", ""),
        )

    def call(self, address: str) -> Call:
        return Call("session", address, page=self.page or None, domains=self.domains)

    def confirm(self, address: str) -> tuple[AccessToken, User]:
        """Return the token and the person if both are still good; raises Refused.

        One query, and a second one where a login link named another person than the token's.
        """
        try:
            token = AccessToken.objects.select_related("user").get(pk=self.token_id)
            person = token.user
            if person.pk != self.user_id:
                person = User.objects.get(pk=self.user_id)
        except AccessToken.DoesNotExist as error:
            raise Refused("token-deleted") from error
        except User.DoesNotExist as error:
            raise Refused("user-inactive") from error
        check(token, self.call(address), person=person)
        # A new password ends everything of the person that is open.
        if not constant_time_compare(self.password_hash, person.get_session_auth_hash()):
            raise Refused("signed-out")
        return token, person
