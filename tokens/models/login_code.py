"""One-time codes that stand for a login."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from accounts.models import User
from tokens.models.access_token import AccessToken
from tokens.models.digests import digest_of

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
    ) -> str:
        """Keep a new code's digest and return the code; drops codes that are over."""
        now = timezone.now()
        cls.objects.filter(expires_at__lt=now).delete()
        code = PREFIX + secrets.token_urlsafe(32)
        cls.objects.create(
            digest=digest_of(code),
            access_token=token,
            user=user or token.user,
            target=target,
            next=next_page,
            page=page[:300],
            session_key=session_key,
            expires_at=now + cls.LIFE,
        )
        return code

    @classmethod
    def peek(cls, code: str) -> LoginCode | None:
        """Return the row of a good code without using it up."""
        rows = cls.objects.select_related("access_token__user", "user")
        return rows.filter(digest=digest_of(code), expires_at__gt=timezone.now()).first()

    @classmethod
    @transaction.atomic
    def redeem(cls, code: str) -> LoginCode | None:
        """Return the row of a good code and use it up; None for any other."""
        found = cls.peek(code)
        # Whoever deletes the row has won; a second redeemer deletes nothing.
        if found is None or not cls.objects.filter(pk=found.pk).delete()[0]:
            return None
        return found

    def note_page(self, page: str) -> None:
        """Remember the page that a login link was seen on, until its code is used."""
        if page and page != self.page:
            self.page = page[:300]
            self.save(update_fields=["page"])
