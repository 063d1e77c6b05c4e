"""Finding AccessTokens, and making them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User
from configuration.values import value
from records.text import compared
from tokens.models.delegation import check_delegation
from tokens.models.lookup import PreparedLookup
from tokens.models.states import TokenState, condition_of, good_now
from tokens.scopes import default_scopes, granted
from tokens.signing.digests import digest_of
from tokens.signing.jwt import SignedToken, signing_kid

if TYPE_CHECKING:
    from tokens.models.access_token import AccessToken

_by_digest = PreparedLookup("tokens.AccessToken", by="digest", relation="user")


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return the tokens that `user` may see: administrators all, others their own."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_administrator else self.filter(user=user)

    def active(self) -> Self:
        """Return tokens that still open something."""
        return self.filter(good_now())

    def expiring(self) -> Self:
        """Return active tokens that will be missed soon; a rotated one has its successor."""
        return self.active().filter(condition_of(TokenState.EXPIRING))

    def signers(self) -> dict[str, tuple[int, datetime]]:
        """Return how many tokens each signing key has, and when the last of them expires."""
        rows = self.order_by("kid").values("kid")
        counted = rows.annotate(count=models.Count("pk"), last=models.Max("expires_at"))
        return {row["kid"]: (row["count"], row["last"]) for row in counted}

    def unused_since(self, moment: datetime) -> Self:
        return self.filter(created_at__lt=moment).filter(
            models.Q(last_used_at=None) | models.Q(last_used_at__lt=moment)
        )

    def in_state(self, *states: str) -> Self:
        """Return tokens whose `state` is one of `states`."""
        return self.filter(reduce(or_, map(condition_of, states)))

    def with_scope(self, scope: str) -> Self:
        """Return tokens that name `scope`, or the `write` that includes it."""
        wider = scope.replace(":read", ":write")
        # Not every database looks into JSON lists; the quotes keep this exact.
        named = [models.Q(scopes_text__contains=f'"{name}"') for name in {scope, wider}]
        texts = self.annotate(scopes_text=Cast("scopes", models.TextField()))
        return texts.filter(reduce(or_, named))

    def matching(self, text: str) -> Self:
        """Return tokens whose name, purpose, last characters or person has `text`."""
        form = compared(text)
        return self.filter(
            models.Q(searched__contains=form)
            | models.Q(hint=text)
            | models.Q(user__searched__contains=form)
        )

    def with_predecessor(self) -> Self:
        """Read also `predecessor_id`: the link itself stands in the other row."""
        return self.annotate(predecessor_id=models.F("predecessor__pk"))

    def of_caller(self, by: Actor) -> AccessToken | None:
        """Return the token that a caller came with, as it stands now, with its person."""
        return self.select_related("user").filter(pk=by.token_id).first()

    def with_secret(self, secret: str) -> AccessToken:
        """Return the row of a token and its person in one query; raises DoesNotExist."""
        return _by_digest.get(digest_of(secret))

    @transaction.atomic
    def issue(
        self,
        *,
        user: User,
        name: str,
        by: Actor,
        scopes: Iterable[str] | None = None,
        domains: Iterable[str] = (),
        networks: Iterable[str] = (),
        days: float | None = None,
        expires_at: datetime | None = None,
        description: str = "",
        allow_missing_referrer: bool = False,
        replaces: AccessToken | None = None,
    ) -> tuple[AccessToken, str]:
        """Make a token and return its row and the token itself, which is never stored.

        `scopes` None means the default set of the person's role; `replaces` is for rotation.
        Raises ValidationError, and PermissionDenied where the maker's own token is narrower than
        the new one. What nobody says is never beyond it.
        """
        now = timezone.now().replace(microsecond=0)
        maker = self.of_caller(by)
        if scopes is None:
            usual = default_scopes(user.role)
            scopes = granted(maker.user, maker).intersection(usual) if maker else usual
        if days is not None:
            expires_at = now + timedelta(days=days)
        elif expires_at is None:
            usual_end = now + timedelta(days=value("token_default_days"))
            expires_at = min(usual_end, maker.ends_at) if maker else usual_end
        token = self.model(
            user=user,
            name=name,
            description=description,
            scopes=list(scopes),
            domains=list(domains),
            networks=list(networks),
            allow_missing_referrer=allow_missing_referrer,
            created_at=now,
            created_by=by.user,
            expires_at=expires_at.replace(microsecond=0),
            kid=signing_kid(),
        )
        if replaces is not None:
            token.family = replaces.family
        # A successor takes the list over as it is: that is no change of it.
        token.settle(saved_domains=replaces.domains if replaces else ())
        check_delegation(token, by)
        secret = SignedToken.sign(
            username=user.username, issued_at=now, expires_at=token.expires_at
        )
        token.digest, token.hint = digest_of(secret), secret[-6:]
        token.save(force_insert=True, using=self.db)
        details: dict[str, Any] = {"predecessor": replaces.pk} if replaces else {}
        token.record("made", by=by, **details)
        return token, secret
