"""The AccessToken: what it may do, from where, until when."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as gettext_now
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import User
from configuration.values import value
from tokens import domains, networks
from tokens.domains import AllowedDomain
from tokens.jwt import SignedToken, signing_kid
from tokens.models.digests import digest_of
from tokens.models.event import TokenEvent
from tokens.scopes import ROLE_SCOPES, default_scopes, expand, granted

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

EXPIRING_WITHIN = timedelta(days=7)
SHORTEST_LIFE = timedelta(minutes=1)


def new_handle() -> str:
    """Return a public name for a token: it tells nothing and opens nothing."""
    return secrets.token_urlsafe(12)


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return the tokens that `user` may see: administrators all, others their own."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_administrator else self.filter(user=user)

    def active(self) -> Self:
        """Return tokens that still open something."""
        return self.filter(disabled_at=None, expires_at__gt=timezone.now(), user__is_active=True)

    def expiring(self) -> Self:
        return self.active().filter(expires_at__lte=timezone.now() + EXPIRING_WITHIN)

    def unused_since(self, moment: datetime) -> Self:
        return self.filter(created_at__lt=moment).filter(
            models.Q(last_used_at=None) | models.Q(last_used_at__lt=moment)
        )

    def with_secret(self, secret: str) -> AccessToken:
        """Return the row of a token and its person in one query; raises DoesNotExist."""
        return self.select_related("user").get(digest=digest_of(secret))

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
    ) -> tuple[AccessToken, str]:
        """Make a token and return its row and the token itself, which is never stored.

        `scopes` None means the default set of the person's role. Raises ValidationError, and
        PermissionDenied where the maker's own token is narrower than the new one.
        """
        now = timezone.now().replace(microsecond=0)
        if expires_at is None:
            life = value("token_default_days") if days is None else days
            expires_at = now + timedelta(days=life)
        token = self.model(
            user=user,
            name=name,
            description=description,
            scopes=default_scopes(user.role) if scopes is None else list(scopes),
            domains=list(domains),
            networks=list(networks),
            allow_missing_referrer=allow_missing_referrer,
            created_at=now,
            created_by=by.user,
            expires_at=expires_at.replace(microsecond=0),
            kid=signing_kid(),
        )
        token.settle()
        token.refuse_growth(by)
        secret = SignedToken.sign(
            username=user.username, issued_at=now, expires_at=token.expires_at
        )
        token.digest, token.hint = digest_of(secret), secret[-6:]
        token.save(force_insert=True, using=self.db)
        token.record("made", by=by)
        return token, secret


class AccessToken(models.Model):
    """A credential that a person's programs and links carry (RFC 6750), by its digest.

    Signing, expiry and subject are in tokens/jwt.py; who may use it from where is in
    tokens/verification.py.
    """

    user = models.ForeignKey(
        User, models.CASCADE, related_name="access_tokens", verbose_name=_("person")
    )
    name = models.CharField(
        _("name"), max_length=120, help_text=_("What it is for, such as “CRM, production”.")
    )
    description = models.TextField(_("description"), blank=True, max_length=2000)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(
        _("ends in"), max_length=6, editable=False, help_text=_("The token's last six characters.")
    )
    # Stands in the addresses of this token's frames, where everybody can read it.
    handle = models.CharField(max_length=16, unique=True, default=new_handle, editable=False)
    kid = models.CharField(
        _("signing key"),
        max_length=64,
        blank=True,
        editable=False,
        help_text=_("The name of the key in the ring that signed it."),
    )
    scopes = models.JSONField(_("permissions"), default=list, blank=True)
    domains = models.JSONField(_("allowed domains"), default=list, blank=True)
    networks = models.JSONField(_("allowed networks"), default=list, blank=True)
    allow_missing_referrer = models.BooleanField(
        _("sign in without a referring page"),
        default=False,
        help_text=_(
            "Links typed in, sent by mail or opened with “noreferrer” show no page. With domains "
            "listed they are refused, unless this is ticked."
        ),
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("made by"),
    )
    expires_at = models.DateTimeField(_("expires"))
    disabled_at = models.DateTimeField(_("disabled"), null=True, editable=False)
    disabled_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", editable=False
    )
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False)
    # Rotation: a token and its successors are one family, each with one successor at most.
    family = models.UUIDField(default=uuid4, editable=False, db_index=True)
    successor = models.OneToOneField(
        "self",
        models.SET_NULL,
        null=True,
        related_name="predecessor",
        editable=False,
        verbose_name=_("successor"),
    )
    grace_until = models.DateTimeField(_("good until, after rotation"), null=True, editable=False)
    used_after_rotation_at = models.DateTimeField(
        _("used after rotation"), null=True, editable=False
    )
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    last_used_address = models.GenericIPAddressField(_("last used from"), null=True, editable=False)
    last_used_origin = models.CharField(
        _("last used on"), max_length=300, blank=True, editable=False
    )

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("AccessToken")
        verbose_name_plural = _("AccessTokens")
        ordering = ["-id"]
        indexes = [models.Index(fields=["expires_at"], name="token_expires")]

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        EXPIRING = "expiring", _("Expires soon")
        EXPIRED = "expired", _("Expired")
        DISABLED = "disabled", _("Disabled")

    @property
    def state(self) -> State:
        if self.disabled_at:
            return self.State.DISABLED
        left = self.expires_at - timezone.now()
        if left <= timedelta(0):
            return self.State.EXPIRED
        return self.State.EXPIRING if left <= EXPIRING_WITHIN else self.State.ACTIVE

    @cached_property
    def allowed_domains(self) -> tuple[AllowedDomain, ...]:
        return domains.parse_all(self.domains)

    def frame_ancestors(self) -> list[str]:
        """Return the CSP sources of the pages that may frame this token's sessions."""
        return [source for domain in self.allowed_domains for source in domain.csp_sources()]

    def settle(self) -> None:
        """Bring the lists into their saved form and refuse what no token may have."""
        self.scopes = sorted(set(self.scopes))
        self.domains = [str(domain) for domain in domains.parse_all(self.domains)]
        self.networks = [str(network) for network in networks.parse_all(self.networks)]
        self.__dict__.pop("allowed_domains", None)
        errors: dict[str, ValidationError] = {}
        beyond = set(self.scopes) - ROLE_SCOPES[self.user.role]
        if beyond:
            errors["scopes"] = ValidationError(
                gettext_now("%(person)s's role does not have: %(scopes)s."),
                code="beyond_role",
                params={"person": self.user, "scopes": ", ".join(sorted(beyond))},
            )
        if not self.user.is_active:
            errors["user"] = ValidationError(
                gettext_now("This person is deactivated."), code="user_inactive"
            )
        if problem := self._problem_with_expiry():
            errors["expires_at"] = problem
        if errors:
            raise ValidationError(errors)
        self.clean_fields(exclude=["digest", "hint", "created_by", "disabled_by"])

    def _problem_with_expiry(self) -> ValidationError | None:
        longest = value("token_longest_days")
        if not self.expires_at or self.expires_at < self.created_at + SHORTEST_LIFE:
            return ValidationError(
                gettext_now("Choose a time in the future."), code="expires_too_soon"
            )
        if self.expires_at > self.created_at + timedelta(days=longest):
            return ValidationError(
                gettext_now("A token may live %(days)s days at most."),
                code="lives_too_long",
                params={"days": longest},
            )
        return None

    def refuse_growth(self, by: Actor) -> None:
        """Refuse a maker whose own token is narrower than this one (rights never grow)."""
        if by.token_id is None:
            return
        maker = AccessToken.objects.select_related("user").get(pk=by.token_id)
        if not self._is_within(maker):
            raise PermissionDenied(
                gettext_now(
                    "A token cannot make or widen another beyond itself: same person, no more "
                    "permissions, domains or networks, no later expiry."
                )
            )

    def _is_within(self, maker: AccessToken) -> bool:
        return (
            self.user_id == maker.user_id
            and expand(self.scopes) <= granted(maker.user, maker)
            and _lists_within(self.domains, maker.domains)
            and _lists_within(self.networks, maker.networks)
            and self.expires_at <= maker.expires_at
            and (maker.allow_missing_referrer or not self.allow_missing_referrer)
        )

    @transaction.atomic
    def edit(self, *, by: Actor, **changes: Any) -> None:
        """Change name, description, scopes, domains, networks or the missing-referrer rule.

        The expiry can only come nearer: the signed one is final. Raises ValidationError.
        """
        old = AccessToken.objects.select_for_update().select_related("user").get(pk=self.pk)
        before = {field: getattr(old, field) for field in changes}
        for field, new in changes.items():
            setattr(self, field, new)
        if self.expires_at > old.expires_at:
            raise ValidationError(
                {"expires_at": gettext_now("An expiry can only be shortened; make a new token.")}
            )
        self.settle()
        self.refuse_growth(by)
        changed = {
            field: [_plain(before[field]), _plain(getattr(self, field))]
            for field in changes
            if before[field] != getattr(self, field)
        }
        if changed:
            self.save(update_fields=list(changed))
            self.record("edited", by=by, changes=changed)

    @transaction.atomic
    def disable(self, *, by: Actor, reason: str = "") -> bool:
        """End every call and session of the token; return False if it was disabled already."""
        changed = AccessToken.objects.filter(pk=self.pk, disabled_at=None).update(
            disabled_at=timezone.now(), disabled_by=by.user, disabled_reason=reason
        )
        self.refresh_from_db(fields=["disabled_at", "disabled_by", "disabled_reason"])
        if changed:
            self.record("disabled", by=by, cause=reason)
        return bool(changed)

    @transaction.atomic
    def enable(self, *, by: Actor) -> bool:
        """Take the disabling back; return False if there was none."""
        self.refuse_growth(by)
        changed = AccessToken.objects.filter(pk=self.pk, disabled_at__isnull=False).update(
            disabled_at=None, disabled_by=None, disabled_reason=""
        )
        self.refresh_from_db(fields=["disabled_at", "disabled_by", "disabled_reason"])
        if changed:
            self.record("enabled", by=by)
        return bool(changed)

    @transaction.atomic
    def remove(self, *, by: Actor) -> None:
        """Delete the token and its sessions; the audit stays."""
        self.record("deleted", by=by)
        self.delete()

    def record(
        self,
        verb: str,
        *,
        by: Actor | None = None,
        cause: str = "",
        address: str | None = None,
        origin: str = "",
        **details: Any,
    ) -> None:
        """Append one audit row."""
        TokenEvent.objects.create(
            token_id=self.pk,
            token_name=self.name,
            hint=self.hint,
            subject_id=self.user_id,
            actor_id=by.user.pk if by and by.user else None,
            through_token_id=by.token_id if by else None,
            verb=verb,
            cause=cause[:200],
            address=address or None,
            origin=origin[:300],
            details=details,
        )


def _lists_within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Return whether a list is no wider than another, where an empty list allows everything."""
    return not outer or bool(inner and set(inner) <= set(outer))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
