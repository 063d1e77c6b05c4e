"""The AccessToken: what it may do, from where, until when."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import User
from configuration.values import value
from records.errors import Conflict, check_version
from records.fields import KeptTextField, NameField, SearchedField, as_kept, with_compared
from tokens.models import rotation
from tokens.models.audit import TokenEvent
from tokens.models.delegation import check_delegation
from tokens.models.querysets import AccessTokenQuerySet
from tokens.models.states import EXPIRING_WITHIN, TokenState
from tokens.origins import domains, networks
from tokens.origins.domains import AllowedDomain
from tokens.scopes import ROLE_SCOPES

SHORTEST_LIFE = timedelta(minutes=1)


def new_handle() -> str:
    """Return a public name for a token: it tells nothing and opens nothing."""
    return secrets.token_urlsafe(12)


class AccessToken(models.Model):
    """A credential that a person's programs and links carry (RFC 6750), by its digest.

    Signing, expiry and subject are in tokens/signing/jwt.py; who may use it from where is in
    tokens/verification/verify.py.
    """

    user = models.ForeignKey(
        User, models.CASCADE, related_name="access_tokens", verbose_name=_("person")
    )
    name = NameField(
        _("name"), max_length=120, help_text=_("What it is for, such as “CRM, production”.")
    )
    description = KeptTextField(_("description"), blank=True, max_length=2000)
    searched = SearchedField(of=["name", "description"])
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

    # Grows with what people change, not with use.
    version = models.PositiveIntegerField(default=1, editable=False)

    State = TokenState

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("AccessToken")
        verbose_name_plural = _("AccessTokens")
        ordering = ["-id"]
        indexes = [models.Index(fields=["expires_at", "id"], name="token_expiry")]

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"

    @property
    def state(self) -> TokenState:
        """Return what condition_of() finds by, in the order in which reasons count."""
        now = timezone.now()
        if self.disabled_at:
            return TokenState.DISABLED
        if self.expires_at <= now:
            return TokenState.EXPIRED
        if self.grace_until and self.grace_until <= now:
            return TokenState.ROTATED
        if not self.user.is_active:
            return TokenState.USER_INACTIVE
        if self.grace_until:
            return TokenState.GRACE
        is_ending = self.expires_at <= now + EXPIRING_WITHIN
        return TokenState.EXPIRING if is_ending else TokenState.ACTIVE

    @property
    def can_be_rotated(self) -> bool:
        return self.state in {TokenState.ACTIVE, TokenState.EXPIRING}

    @property
    def ends_at(self) -> datetime:
        """Return when the token opens nothing more: with its grace, if it was rotated."""
        return min(self.expires_at, self.grace_until or self.expires_at)

    @cached_property
    def allowed_domains(self) -> tuple[AllowedDomain, ...]:
        return domains.parse_all(self.domains)

    def frame_ancestors(self) -> list[str]:
        """Return the CSP sources of the pages that may frame this token's sessions."""
        return [source for domain in self.allowed_domains for source in domain.csp_sources()]

    def settle(
        self, *, saved_domains: Sequence[str] = (), judged: Collection[str] | None = None
    ) -> None:
        """Bring the lists into their saved form and refuse what no token may have.

        `saved_domains` stay as they are, also where they are too wide for a new list. Only what
        stands in the `judged` fields is refused, where they are given: the rest is no change.
        """
        self.scopes = sorted(set(self.scopes))
        errors: dict[str, ValidationError] = {}
        for field, parse in (
            ("domains", partial(domains.parse_to_save, saved=saved_domains)),
            ("networks", networks.parse_all),
        ):
            try:
                setattr(self, field, [str(entry) for entry in parse(getattr(self, field))])
            except ValidationError as error:
                errors[field] = error
        self.__dict__.pop("allowed_domains", None)
        beyond = set(self.scopes) - ROLE_SCOPES[self.user.role]
        if beyond:
            errors["scopes"] = ValidationError(
                gettext("%(person)s's role does not have: %(scopes)s."),
                code="beyond_role",
                params={"person": self.user, "scopes": ", ".join(sorted(beyond))},
            )
        if not self.user.is_active:
            errors["user"] = ValidationError(
                gettext("This person is deactivated."), code="user_inactive"
            )
        if problem := self._problem_with_expiry():
            errors["expires_at"] = problem
        if judged is not None:
            errors = {field: error for field, error in errors.items() if field in judged}
        if errors:
            raise ValidationError(errors)
        unjudged = {"digest", "hint", "created_by", "disabled_by"}
        if judged is not None:
            unjudged |= {field.name for field in self._meta.fields} - set(judged)
        self.clean_fields(exclude=unjudged)

    def _problem_with_expiry(self) -> ValidationError | None:
        longest = value("token_longest_days")
        if not self.expires_at or self.expires_at < self.created_at + SHORTEST_LIFE:
            return ValidationError(
                gettext("Choose a time at least a minute ahead."), code="expires_too_soon"
            )
        if self.expires_at > self.created_at + timedelta(days=longest):
            return ValidationError(
                gettext("A token may live %(days)s days at most."),
                code="lives_too_long",
                params={"days": longest},
            )
        return None

    @transaction.atomic
    def edit(self, *, by: Actor, expected_version: int | None = None, **changes: Any) -> None:
        """Change name, description, scopes, domains, networks or the missing-referrer rule.

        The expiry can only come nearer: the signed one is final. Raises ValidationError.
        """
        self._lock(expected_version)
        # As it is and as it becomes: a narrow token could make a wide one narrower else.
        check_delegation(self, by)
        before = {field: getattr(self, field) for field in changes}
        changes = as_kept(AccessToken, changes)
        changes = {field: new for field, new in changes.items() if new != before[field]}
        if not changes:
            return
        self._refuse_what_is_final(changes)
        saved_domains = self.domains
        for field, new in changes.items():
            setattr(self, field, new)
        self.settle(saved_domains=saved_domains, judged=changes.keys())
        check_delegation(self, by)
        changed = {
            field: [_plain(before[field]), _plain(getattr(self, field))]
            for field in changes
            if before[field] != getattr(self, field)
        }
        if changed:
            self._save(*changed)
            self.record("edited", by=by, changes=changed)

    def _refuse_what_is_final(self, changes: dict[str, Any]) -> None:
        errors = {}
        if changes.get("expires_at", self.expires_at) > self.expires_at:
            message = gettext("An expiry can only be shortened; make a new token.")
            errors["expires_at"] = ValidationError(message, code="only_shortened")
        if changes.get("user", self.user) != self.user:
            message = gettext("A token stays with its person; make a new token.")
            errors["user"] = ValidationError(message, code="final")
        if errors:
            raise ValidationError(errors)

    @transaction.atomic
    def disable(self, *, by: Actor, reason: str = "", expected_version: int | None = None) -> bool:
        """End every call and session of the token; return False if it was disabled already."""
        self._lock(expected_version)
        if self.disabled_at:
            return False
        self.disabled_at, self.disabled_by = timezone.now(), by.user
        self.disabled_reason = reason
        self._save("disabled_at", "disabled_by", "disabled_reason")
        self.record("disabled", by=by, cause=reason)
        return True

    @transaction.atomic
    def enable(self, *, by: Actor, expected_version: int | None = None) -> bool:
        """Take the disabling back; return False if there was none."""
        self._lock(expected_version)
        check_delegation(self, by)
        if not self.disabled_at:
            return False
        self.disabled_at, self.disabled_by, self.disabled_reason = None, None, ""
        self._save("disabled_at", "disabled_by", "disabled_reason")
        self.record("enabled", by=by)
        return True

    @transaction.atomic
    def rotate(
        self, *, by: Actor, grace: timedelta | None = None, expected_version: int | None = None
    ) -> tuple[AccessToken, str | None]:
        """Make the successor, and return its row with the token itself.

        It is like this one and lives as long, but never past the caller's own token. This one
        stays good for `grace`; each ends by itself. There is one successor only: a repeat
        returns its row and None.
        """
        self._lock()
        if self.grace_until is not None:
            return rotation.known_successor(self), None
        check_version(self, expected_version)
        rotation.refuse_what_ended(self)
        until = rotation.end_of_grace(self, grace)
        new, secret = rotation.make_successor(self, by=by)
        self.successor, self.grace_until = new, until
        self._save("successor", "grace_until")
        self.record("rotated", by=by, successor=new.pk, grace_until=_plain(until))
        return new, secret

    @transaction.atomic
    def mark_used_after_rotation(self, *, address: str, origin: str) -> None:
        """Mark that somebody still carries the old token; only the first use is one."""
        unmarked = AccessToken.objects.filter(pk=self.pk, used_after_rotation_at=None)
        if unmarked.update(used_after_rotation_at=timezone.now()):
            self.record("reused", address=address, origin=origin)

    @transaction.atomic
    def remove(self, *, by: Actor, expected_version: int | None = None) -> None:
        """Delete the token and its sessions; the audit stays."""
        self._lock(expected_version)
        check_delegation(self, by)
        self.record("deleted", by=by)
        self.delete()

    def _lock(self, expected_version: int | None = None) -> None:
        """Read the row again and hold it until the transaction ends."""
        rows = AccessToken.objects.select_related("user")
        try:
            self.refresh_from_db(from_queryset=rows.select_for_update(of=("self",), no_key=True))
        except AccessToken.DoesNotExist as error:
            message = gettext("This token was deleted.")
            raise Conflict(message, code="deleted") from error
        self.__dict__.pop("allowed_domains", None)
        check_version(self, expected_version)

    def _save(self, *fields: str) -> None:
        self.version += 1
        self.save(update_fields=with_compared(AccessToken, {*fields, "version"}))

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


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
