"""Finding people, and enrolling them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.base_user import BaseUserManager
from django.db import models, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce, NullIf

from accounts.models import memberships
from accounts.models.history import PersonEvent
from accounts.models.saving import save_checked
from records.text import compared

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.actor import Actor
    from accounts.models.people import User


# Longer ones are nobody's, and would cost their length to compare.
LONGEST_TYPED = 1000


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
        roles = self.model.Role
        return self.filter(role__in=[roles.AGENT, roles.ADMINISTRATOR])

    def matching(self, text: str) -> Self:
        """Return those whose name, username, e-mail address or external id hold every word."""
        return self.filter(*(models.Q(searched__contains=word) for word in compared(text).split()))

    def named(self, username: str) -> Self:
        """Return the one with this username, however it is spelled, or nobody."""
        if len(username) > LONGEST_TYPED:
            return self.none()
        return self.filter(username_compared=compared(username))


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: User | AnonymousUser) -> UserQuerySet:
        return self.get_queryset().visible_to(user)

    def active(self) -> UserQuerySet:
        return self.get_queryset().active()

    def team(self) -> UserQuerySet:
        return self.get_queryset().team()

    @transaction.atomic
    def enrol(
        self,
        *,
        by: Actor,
        password: str | None = None,
        workgroups: Iterable[int] = (),
        **fields: Any,
    ) -> User:
        """Create a person and say so in the history; only administrators may."""
        user = self.model(**fields)
        user.check_writer(by, {"role", *(["password"] if password is not None else [])})
        if workgroups:
            memberships.lock()
        if password is not None:
            user.take_password(password)
        else:
            user.set_unusable_password()
        save_checked(user, unchecked={"password"})
        PersonEvent.objects.create(
            person_id=user.pk, verb="created", new=user.role, **by.as_columns()
        )
        memberships.set_workgroups(user, workgroups, by=by)
        user.announce()
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get_queryset().named(username or "").get()

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """Create a person; without a password they can only come by AccessToken."""
        user = self.model(username=username, **fields)
        user.set_password(password)
        save_checked(user, unchecked={"password"})
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> User:
        """Create an administrator; nobody is above the roles."""
        return self.create_user(username, password, role=self.model.Role.ADMINISTRATOR, **fields)


def name_of(person: str) -> Coalesce:
    """Return the name that others see, as str(user) has it, for the person behind a relation."""
    return Coalesce(NullIf(f"{person}__display_name", Value("")), f"{person}__username")
