"""Workgroups: people who answer the same kind of customers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import memberships
from accounts.models.history import PersonEvent
from accounts.models.people import User
from accounts.models.saving import BlamesFields, changed_fields, save_checked
from records.errors import Conflict, check_version
from records.fields import ComparedField, KeptTextField, NameField, SearchedField, as_kept
from records.text import NameValidator

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.actor import Actor


LONGEST_NAME = 120


class WorkgroupQuerySet(models.QuerySet["Workgroup"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return the workgroups that `user` may see: staff see all, customers none."""
        if user.is_authenticated and user.is_team_member:
            return self
        return self.none()

    @transaction.atomic
    def set_up(self, *, by: Actor, members: Iterable[int] = (), **fields: Any) -> Workgroup:
        """Create a workgroup with its first members."""
        if members:
            memberships.lock()
        group = self.model(**fields)
        save_checked(group)
        PersonEvent.objects.create(workgroup_id=group.pk, verb="created", **by.as_columns())
        memberships.set_members(group, members, by=by)
        return group


class Workgroup(BlamesFields):
    """People who answer the same kind of customers."""

    name = NameField(
        _("name"), max_length=LONGEST_NAME, validators=[NameValidator(LONGEST_NAME * 2)]
    )
    name_compared = ComparedField(of=["name"], max_length=LONGEST_NAME * 2)
    description = KeptTextField(_("description"), blank=True, max_length=2000)
    searched = SearchedField(of=["name", "description"])
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

    BLAMED_FIELDS: ClassVar[dict[str, str]] = {"workgroup_name_once": "name"}

    objects = WorkgroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("workgroup")
        verbose_name_plural = _("workgroups")
        ordering = ["id"]
        indexes = [models.Index(fields=["name", "id"], name="workgroup_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["name_compared"],
                name="workgroup_name_once",
                violation_error_message=_("There is a workgroup of this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def edit(self, *, by: Actor, expected_version: int | None = None, **changes: Any) -> None:
        """Change name, description or `members` (ids), with history; present values are none."""
        if "members" in changes:
            memberships.lock()
        self.refresh_from_db(from_queryset=Workgroup.objects.select_for_update())
        check_version(self, expected_version)
        members = changes.pop("members", None)
        changes = as_kept(Workgroup, changes)
        changed = changed_fields(self, changes)
        is_regrouped = members is not None and memberships.differ(self.members, members)
        if not changed and not is_regrouped:
            return
        for name in changed:
            setattr(self, name, changes[name])
        self.version += 1
        save_checked(self, only=changed)
        PersonEvent.objects.bulk_create(
            PersonEvent(workgroup_id=self.pk, verb="changed", field=name, **by.as_columns())
            for name in sorted(changed)
        )
        if members is not None:
            memberships.set_members(self, members, by=by)

    @transaction.atomic
    def dissolve(self, *, by: Actor, expected_version: int | None = None) -> None:
        """Delete the workgroup, unless something still belongs to it."""
        memberships.lock()
        self.refresh_from_db(from_queryset=Workgroup.objects.select_for_update())
        check_version(self, expected_version)
        memberships.set_members(self, (), by=by)
        PersonEvent.objects.create(workgroup_id=self.pk, verb="deleted", **by.as_columns())
        try:
            Workgroup.objects.filter(pk=self.pk).delete()
        except models.ProtectedError as error:
            message = _("Something still belongs to this workgroup. Move it first.")
            raise Conflict(message, code="workgroup-in-use") from error
