"""Workgroups: people who answer the same kind of customers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.history import PersonEvent
from accounts.models.people import User
from records.errors import Conflict, check_version

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.actor import Actor


class WorkgroupQuerySet(models.QuerySet["Workgroup"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return the workgroups that `user` may see: staff see all, customers none."""
        if user.is_authenticated and user.is_team_member:
            return self
        return self.none()

    def check_known(self, ids: Iterable[int], *, field: str) -> None:
        """Refuse ids that no workgroup has, naming `field` as the cause."""
        missing = sorted(set(ids) - set(self.filter(pk__in=ids).values_list("pk", flat=True)))
        if missing:
            message = _("There is no workgroup %(id)s.")
            unknown = ValidationError(message, code="does-not-exist", params={"id": missing[0]})
            raise ValidationError({field: unknown})

    def lock_memberships(self) -> None:
        """Let one transaction at a time change who is in which workgroup; call it first.

        Memberships are written from people and from workgroups, and each writes rows of both: in
        no common order, two writers would wait for each other.
        """
        rows = self.select_for_update(no_key=True).order_by("pk")
        list(rows.values_list("pk", flat=True))

    @transaction.atomic
    def set_up(self, *, by: Actor, members: Iterable[int] = (), **fields: Any) -> Workgroup:
        """Create a workgroup with its first members."""
        if members:
            self.lock_memberships()
        group = self.model(**fields)
        group.save_checked(force_insert=True)
        PersonEvent.objects.create(workgroup_id=group.pk, verb="created", **by.as_columns())
        group.replace_members(members, by=by)
        return group


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

    @transaction.atomic
    def edit(self, *, by: Actor, expected_version: int | None = None, **changes: Any) -> None:
        """Change name, description or `members` (ids), with history; present values are none."""
        if "members" in changes:
            Workgroup.objects.lock_memberships()
        self.refresh_from_db(from_queryset=Workgroup.objects.select_for_update())
        check_version(self, expected_version)
        members = changes.pop("members", None)
        changed = {name for name, value in changes.items() if getattr(self, name) != value}
        is_regrouped = members is not None and set(members) != self._member_ids()
        if not changed and not is_regrouped:
            return
        for name in changed:
            setattr(self, name, changes[name])
        self.version += 1
        self.save_checked(only=changed)
        PersonEvent.objects.bulk_create(
            PersonEvent(workgroup_id=self.pk, verb="changed", field=name, **by.as_columns())
            for name in sorted(changed)
        )
        if members is not None:
            self.replace_members(members, by=by)

    @transaction.atomic
    def dissolve(self, *, by: Actor, expected_version: int | None = None) -> None:
        """Delete the workgroup, unless something still belongs to it."""
        Workgroup.objects.lock_memberships()
        self.refresh_from_db(from_queryset=Workgroup.objects.select_for_update())
        check_version(self, expected_version)
        self.replace_members((), by=by)
        PersonEvent.objects.create(workgroup_id=self.pk, verb="deleted", **by.as_columns())
        try:
            Workgroup.objects.filter(pk=self.pk).delete()
        except models.ProtectedError as error:
            message = _("Something still belongs to this workgroup. Move it first.")
            raise Conflict(message, code="workgroup-in-use") from error

    def replace_members(self, ids: Iterable[int], *, by: Actor) -> None:
        """Make `ids` the members, with history on joining and leaving."""
        wanted, present = set(ids), self._member_ids()
        known = User.objects.team().filter(pk__in=wanted - present).values_list("pk", flat=True)
        missing = sorted(wanted - present - set(known))
        if missing:
            message = _("%(id)s is no agent or administrator.")
            unknown = ValidationError(message, code="does-not-exist", params={"id": missing[0]})
            raise ValidationError({"members": unknown})
        self.members.set(wanted)
        User.objects.filter(pk__in=wanted ^ present).update(
            version=models.F("version") + 1, updated_at=timezone.now()
        )
        PersonEvent.objects.record_memberships(
            [(person, self.pk) for person in wanted - present],
            [(person, self.pk) for person in present - wanted],
            by=by,
        )

    def save_checked(self, *, only: set[str] | None = None, force_insert: bool = False) -> None:
        """Validate what changed and save it; a race for the name is bad input, too."""
        exclude = {field.name for field in self._meta.fields} - only if only is not None else set()
        self.full_clean(exclude=exclude)
        fields = None if only is None else {*only, "version", "updated_at"}
        try:
            with transaction.atomic():
                self.save(force_insert=force_insert, update_fields=fields)
        except IntegrityError:
            self.full_clean(exclude=exclude)
            raise

    def _member_ids(self) -> set[int]:
        return set(self.members.values_list("pk", flat=True))
