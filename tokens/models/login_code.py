"""One-time codes that stand for a login."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from tokens.models.access_token import AccessToken
from tokens.signing.digests import digest_of

# Tells a code from an AccessToken where either may stand.
PREFIX = "wlc_"


class LoginCode(models.Model):
    """A one-time code that opens a session within a minute, in the place of a token.

    It carries a login to a browser tab where the token itself must not go.
    """

    LIFE = timedelta(seconds=60)

    digest = models.CharField(max_length=64, unique=True)
    access_token = models.ForeignKey(AccessToken, models.CASCADE)
    # Who will be signed in: the token's person, or whom a login link names.
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    # The origin of the page that the login was seen on; "" where the browser showed none.
    page = models.CharField(max_length=300, blank=True)
    target = models.CharField(max_length=5)
    next = models.CharField(max_length=500, blank=True)
    # The row of the session that was opened beside it, whose cookie the browser may drop.
    session_key = models.CharField(max_length=40, blank=True)
    # A login link's code opens nothing before the page that shows it was judged.
    admitted = models.BooleanField(default=True)
    # A new password ends the codes of a person as it ends their sessions.
    auth_hash = models.CharField(max_length=64, default="")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.target} for {self.access_token}"

    @classmethod
    def make(
        cls,
        token: AccessToken,
        *,
        target: str,
        user: User | None = None,
        next_page: str = "",
        page: str = "",
        session_key: str = "",
        admitted: bool = True,
        expires_at: datetime | None = None,
    ) -> str:
        """Keep a new code's digest and return the code; drops codes that are over.

        One that takes the place of another ends with it: `expires_at`.
        """
        now, person = timezone.now(), user or token.user
        cls.objects.filter(expires_at__lt=now).delete()
        code = PREFIX + secrets.token_urlsafe(32)
        cls.objects.create(
            digest=digest_of(code),
            access_token=token,
            user=person,
            target=target,
            next=next_page,
            page=page[:300],
            session_key=session_key,
            admitted=admitted,
            auth_hash=person.get_session_auth_hash(),
            expires_at=expires_at or now + cls.LIFE,
        )
        return code

    @classmethod
    def peek(cls, code: str) -> LoginCode | None:
        """Return the row of a good code without using it up."""
        rows = cls.objects.select_related("access_token__user", "user")
        found = rows.filter(digest=digest_of(code), expires_at__gt=timezone.now()).first()
        if found is None:
            return None
        is_same = constant_time_compare(found.auth_hash, found.user.get_session_auth_hash())
        return found if is_same else None

    @classmethod
    def redeem(cls, code: str) -> LoginCode | None:
        """Return the row of a good code and use it up; None for any other."""
        found = cls.peek(code)
        # Whoever deletes the row has won; a second redeemer deletes nothing.
        if found is None or not cls.objects.filter(pk=found.pk).delete()[0]:
            return None
        return found

    def admit(self, page: str) -> None:
        """Let a login link's code be used, and remember the page that it was seen on."""
        seen = page[:300] or self.page
        if (self.admitted, self.page) != (True, seen):
            self.admitted, self.page = True, seen
            self.save(update_fields=["admitted", "page"])
