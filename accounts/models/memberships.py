"""Who is in which workgroup: one lock, one check and one history, whichever side writes.

Memberships are written from people and from workgroups, which both import this module. So it comes
to the other side of a row by the relation alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models.history import PersonEvent
from records.errors import invalid_field

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import ManyRelatedManager

    from accounts.actor import Actor
    from accounts.models.people import User
    from accounts.models.workgroups import Workgroup


def lock() -> None:
    """Let one transaction at a time change who is in which workgroup; call it first.

    Each side writes rows of both: in no common order, two writers would wait for each other.
    """
    workgroups = get_user_model().workgroups.rel.related_model._default_manager.order_by("pk")
    list(workgroups.select_for_update(no_key=True).values_list("pk", flat=True))


def differ(side: ManyRelatedManager[Any, Any], ids: Iterable[int]) -> bool:
    return _present(side) != set(ids)


def set_workgroups(person: User, ids: Iterable[int], *, by: Actor) -> None:
    """Make `ids` the person's workgroups, with history on joining and leaving."""
    wanted = set(ids)
    if wanted and not person.is_team_member:
        raise invalid_field("workgroups", _("Customers are in no workgroup."), "role")
    workgroups = person.workgroups.model.objects.all()
    unknown = _("There is no workgroup %(id)s.")
    joined, left = _replace(person.workgroups, wanted, workgroups, ("workgroups", unknown))
    PersonEvent.objects.record_memberships(
        [(person.pk, group) for group in joined], [(person.pk, group) for group in left], by=by
    )


def set_members(group: Workgroup, ids: Iterable[int], *, by: Actor) -> None:
    """Make `ids` the members, with history on joining and leaving."""
    team = group.members.model.objects.team()
    unknown = _("%(id)s is no agent or administrator.")
    joined, left = _replace(group.members, set(ids), team, ("members", unknown))
    PersonEvent.objects.record_memberships(
        [(person, group.pk) for person in joined], [(person, group.pk) for person in left], by=by
    )


def _replace(
    side: ManyRelatedManager[Any, Any],
    wanted: set[int],
    allowed: models.QuerySet[Any],
    refusal: tuple[str, str],
) -> tuple[set[int], set[int]]:
    """Write one side's memberships; return who joined and who left.

    Those who join must be `allowed`, or the refusal names its field.
    """
    present = _present(side)
    joined, left = wanted - present, present - wanted
    missing = joined - set(allowed.filter(pk__in=joined).values_list("pk", flat=True))
    if missing:
        field, message = refusal
        unknown = ValidationError(message, code="does-not-exist", params={"id": min(missing)})
        raise ValidationError({field: unknown})
    side.set(wanted)
    # The other side shows the memberships, too, so its rows are changed by them.
    side.model._default_manager.filter(pk__in=joined | left).update(
        version=models.F("version") + 1, updated_at=timezone.now()
    )
    return joined, left


def _present(side: ManyRelatedManager[Any, Any]) -> set[int]:
    return set(side.values_list("pk", flat=True))
