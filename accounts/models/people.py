"""People and what they may be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth import get_backends
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.events import person_changed
from accounts.models import memberships
from accounts.models.history import PersonEvent
from accounts.models.querysets import LONGEST_TYPED, UserManager
from accounts.models.saving import BlamesFields, changed_fields, save_checked
from accounts.names import LONGEST_ADDRESS, AddressField, validate_username
from accounts.time_zones import validate_time_zone
from records.errors import Conflict, Forbidden, check_version
from records.fields import ComparedField, NameField, SearchedField, as_kept
from records.text import NameValidator, compared, kept

if TYPE_CHECKING:
    from accounts.actor import Actor


EXTERNAL = frozenset({"external_source", "external_id"})


class User(BlamesFields, AbstractBaseUser):
    """A person. What they may do follows from the role, and from their token if they use one."""

    class Role(models.TextChoices):
        ADMINISTRATOR = "administrator", _("Administrator")
        AGENT = "agent", _("Agent")
        CUSTOMER = "customer", _("Customer")

    class Availability(models.TextChoices):
        AVAILABLE = "AVAILABLE", _("Available")
        BUSY = "BUSY", _("Busy")
        OFFLINE = "OFFLINE", _("Offline")

    username = NameField(
        _("username"),
        max_length=LONGEST_ADDRESS,
        unique=True,
        validators=[NameValidator(LONGEST_ADDRESS), validate_username],
        help_text=_("What the person signs in with. It may be an e-mail address."),
        error_messages={"unique": _("Somebody has this username already.")},
    )
    username_compared = ComparedField(of=["username"], max_length=LONGEST_ADDRESS)
    email = AddressField(
        _("e-mail address"), blank=True, validators=[NameValidator(LONGEST_ADDRESS)]
    )
    email_compared = ComparedField(of=["email"], max_length=LONGEST_ADDRESS)
    display_name = NameField(
        _("name"), max_length=120, blank=True, help_text=_("The name that others see.")
    )
    role = models.CharField(
        _("role"), max_length=16, choices=Role.choices, default=Role.CUSTOMER, db_index=True
    )
    language = models.CharField(
        _("language"),
        max_length=16,
        blank=True,
        choices=[("en", "English"), ("zh-hans", "简体中文")],
        help_text=_("Empty: as the browser asks."),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text=_("An IANA name, such as Asia/Shanghai. Empty: the default of the site."),
    )
    availability = models.CharField(
        _("availability"),
        max_length=16,
        choices=Availability.choices,
        default=Availability.OFFLINE,
    )
    avatar = models.ImageField(_("avatar"), upload_to="avatars/", blank=True)
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Deactivate people instead of deleting them: their history stays."),
    )
    external_id = models.CharField(_("external id"), max_length=120, blank=True)
    external_source = models.CharField(_("external source"), max_length=60, blank=True)
    searched = SearchedField(of=["display_name", "username", "email", "external_id"])
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # What people change about themselves; all else is for administrators.
    OWN_FIELDS = frozenset({"display_name", "language", "time_zone", "availability", "avatar"})
    # How somebody gets in and what they may do then: never changed by a token.
    GUARDED_FIELDS = frozenset({"username", "password", "email", "role"})
    BLAMED_FIELDS: ClassVar[dict[str, str]] = {
        "user_username_once": "username",
        "user_external_id_once": "external_id",
    }

    # Rights come from the role and the token, never from a flag that skips every check.
    is_superuser = False

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["created_at", "id"], name="user_created"),
            models.Index(fields=["updated_at", "id"], name="user_updated"),
            models.Index(fields=["email_compared"], name="user_email"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["username_compared"],
                name="user_username_once",
                violation_error_message=_("Somebody has this username already."),
            ),
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                name="user_external_id_once",
                condition=~models.Q(external_id=""),
                violation_error_message=_("This external id belongs to somebody already."),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """Return the username as it is kept; Django's own form would change what people see."""
        return kept(username)

    def validate_unique(self, exclude: Any = None) -> None:
        """Leave the username to the constraint, which says it of every spelling."""
        super().validate_unique(exclude={*(exclude or ()), "username"})

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    def is_named(self, username: object) -> bool:
        """Return whether this is the person's username, however it is spelled."""
        if not isinstance(username, str) or len(username) > LONGEST_TYPED:
            return False
        return compared(username) == self.username_compared

    @property
    def is_administrator(self) -> bool:
        return self.role == self.Role.ADMINISTRATOR

    @property
    def is_team_member(self) -> bool:
        """True for those who answer customers: agents and administrators."""
        return self.role != self.Role.CUSTOMER

    @property
    def is_staff(self) -> bool:
        """Django's word for who may open the admin."""
        return self.is_administrator

    @property
    def avatar_path(self) -> str:
        """Return where the avatar is, or ""; the address changes when the picture does."""
        if not self.avatar:
            return ""
        version = str(self.avatar.name).rpartition("/")[2].partition(".")[0]
        return f"{reverse('users-avatar', args=[self.pk])}?v={version}"

    @transaction.atomic
    def edit(self, *, by: Actor, expected_version: int | None = None, **changes: Any) -> None:
        """Change fields of the person, with their history; present values are no change.

        `avatar` is a redrawn picture or None, `workgroups` a list of ids, `password` plain text.
        """
        if changes.keys() & {"workgroups", "role"}:
            memberships.lock()
        self._lock(changes)
        check_version(self, expected_version)
        password = changes.pop("password", None)
        workgroups = changes.pop("workgroups", None)
        changes = as_kept(User, changes)
        changed = changed_fields(self, changes)
        before = {name: getattr(self, name) for name in changed}
        written = changed | ({"password"} if password is not None else set())
        is_regrouped = workgroups is not None and memberships.differ(self.workgroups, workgroups)
        touched = written | ({"workgroups"} if is_regrouped else set())
        if not touched:
            return
        self.check_writer(by, touched)
        self._check_an_administrator_stays(changes)
        for name in changed:
            self._take(name, changes[name])
        if password is not None:
            self.take_password(password)
        self.version += 1
        # One constraint holds both, and is not looked at where one of them is left out.
        external = EXTERNAL if written & EXTERNAL else set()
        save_checked(self, only=written | external, unchecked={"password"})
        self._record(written, before, by=by)
        if not self.is_team_member:
            workgroups = ()
        if workgroups is not None:
            memberships.set_workgroups(self, workgroups, by=by)
        self.announce()

    def deactivate(self, *, by: Actor, expected_version: int | None = None) -> None:
        """End all access of the person; tokens and sessions end with the next request."""
        self.edit(by=by, expected_version=expected_version, is_active=False)

    def activate(self, *, by: Actor) -> None:
        self.edit(by=by, is_active=True)

    def check_writer(self, by: Actor, touched: set[str]) -> None:
        """Refuse a writer whose role, or whose coming by token, does not allow the change."""
        if by.user is None:
            return
        is_own = self.pk is not None and by.user.pk == self.pk
        is_harmless = is_own and touched <= self.OWN_FIELDS
        if not by.user.is_administrator and not is_harmless:
            raise Forbidden(_("Only administrators may change this."), code="role")
        if by.token_id is None or is_harmless:
            return
        is_new = self.pk is None
        guarded = touched & self.GUARDED_FIELDS - ({"role"} if is_new else set())
        if guarded or self.is_administrator:
            raise Forbidden(
                _("No token may change this. Sign in with your password to do it."),
                code="password-session-needed",
            )

    def take_password(self, password: str) -> None:
        """Set a password that passes the validators; every session of the person ends by it."""
        try:
            validate_password(password, self)
        except ValidationError as error:
            raise ValidationError({"password": error.error_list}) from error
        self.set_password(password)

    def announce(self) -> None:
        transaction.on_commit(partial(person_changed.send_robust, User, person_id=self.pk))

    def _lock(self, changes: dict[str, Any]) -> None:
        """Hold the row, and first all administrators' where one may cease to be one."""
        if {"role", "is_active"} & set(changes):
            administrators = User.objects.active().filter(role=User.Role.ADMINISTRATOR)
            list(administrators.select_for_update().order_by("pk").values_list("pk"))
        self.refresh_from_db(from_queryset=User.objects.select_for_update())

    def _check_an_administrator_stays(self, changes: dict[str, Any]) -> None:
        was = self.is_administrator and self.is_active
        role, is_active = changes.get("role", self.role), changes.get("is_active", self.is_active)
        if not was or (role == self.Role.ADMINISTRATOR and is_active):
            return
        others = User.objects.active().filter(role=self.Role.ADMINISTRATOR).exclude(pk=self.pk)
        if not others.exists():
            raise Conflict(
                _("This is the last administrator. Make another one first."),
                code="last-administrator",
            )

    def _take(self, name: str, value: Any) -> None:
        if name != "avatar":
            setattr(self, name, value)
            return
        old, storage = self.avatar.name, self.avatar.storage
        if old:
            transaction.on_commit(partial(storage.delete, old))
        if value:
            self.avatar.save(value.name, value, save=False)
        else:
            self.avatar = None

    def _record(self, touched: set[str], before: dict[str, Any], *, by: Actor) -> None:
        PersonEvent.objects.bulk_create(
            PersonEvent.of_field(
                self.pk, name, before.get(name), getattr(self, name), **by.as_columns()
            )
            for name in sorted(touched)
        )

    def has_perm(self, permission: str, obj: models.Model | None = None) -> bool:
        """Return what the backends grant; tokens/backends.py is the place that decides."""
        return self.is_active and any(
            backend.has_perm(self, permission, obj)
            for backend in get_backends()
            if hasattr(backend, "has_perm")
        )

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and any(
            backend.has_module_perms(self, app_label)
            for backend in get_backends()
            if hasattr(backend, "has_module_perms")
        )
