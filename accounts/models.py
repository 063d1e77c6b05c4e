"""People, what they may be, and the workgroups they work in."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.auth import get_backends
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


def validate_time_zone(name: str) -> None:
    """Refuse a name that is not an IANA zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” is no time zone. Use a name like Asia/Shanghai."),
            code="invalid_time_zone",
            params={"name": name},
        )


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return whom `user` may see: staff see everybody, customers themselves."""
        if not user.is_authenticated:
            return self.none()
        if user.is_team_member:
            return self
        return self.filter(pk=user.pk)

    def active(self) -> Self:
        return self.filter(is_active=True)

    def team(self) -> Self:
        """Return agents and administrators."""
        return self.filter(role__in=[User.Role.AGENT, User.Role.ADMINISTRATOR])


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: User | AnonymousUser) -> UserQuerySet:
        return self.get_queryset().visible_to(user)

    def active(self) -> UserQuerySet:
        return self.get_queryset().active()

    def team(self) -> UserQuerySet:
        return self.get_queryset().team()

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username)

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """Create a person; without a password they can only come by AccessToken."""
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> User:
        """Create an administrator; nobody is above the roles."""
        return self.create_user(username, password, role=User.Role.ADMINISTRATOR, **fields)


class User(AbstractBaseUser):
    """A person. What they may do follows from the role, and from their token if they use one."""

    class Role(models.TextChoices):
        ADMINISTRATOR = "administrator", _("Administrator")
        AGENT = "agent", _("Agent")
        CUSTOMER = "customer", _("Customer")

    class Availability(models.TextChoices):
        AVAILABLE = "AVAILABLE", _("Available")
        BUSY = "BUSY", _("Busy")
        OFFLINE = "OFFLINE", _("Offline")

    username = models.CharField(
        _("username"),
        max_length=150,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        help_text=_("What the person signs in with. It may be an e-mail address."),
        error_messages={"unique": _("Somebody has this username already.")},
    )
    email = models.EmailField(_("e-mail address"), blank=True)
    display_name = models.CharField(
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
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Rights come from the role and the token, never from a flag that skips every check.
    is_superuser = False

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
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

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

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

    def has_perm(self, permission: str, obj: object = None) -> bool:
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


class WorkgroupQuerySet(models.QuerySet["Workgroup"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return the workgroups that `user` may see: staff see all, customers none."""
        if user.is_authenticated and user.is_team_member:
            return self
        return self.none()


class Workgroup(models.Model):
    """People who answer the same kind of customers."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("description"), blank=True, max_length=2000)
    members = models.ManyToManyField(
        User,
        related_name="workgroups",
        blank=True,
        verbose_name=_("members"),
        limit_choices_to=~models.Q(role=User.Role.CUSTOMER),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = WorkgroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("workgroup")
        verbose_name_plural = _("workgroups")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name
