"""The history of tickets: what people read, and the source of every figure."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.models.querysets import name_of
from records.histories import History, HistoryQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

# A stay is of the first of these classes that is longer than it.
STAYS = [timedelta(days=4**power) for power in range(11)]


def stay_of(since: datetime, until: datetime) -> int:
    """Return the class of a stay by its length: 0 is less than a day, and each is four times."""
    return next(number for number, limit in enumerate(STAYS) if until - since < limit)


class Event(History):
    """Who did what, when, and through which token.

    Texts and names are not kept here, only ids and words of ours: what must be erased one day
    stands in one place.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("by"),
    )
    # An id and no foreign key: history is not a reason to keep or to lock a token.
    token_id = models.BigIntegerField(_("token"), null=True, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    field = models.CharField(_("field"), max_length=32, blank=True)
    old = models.TextField(_("before"), blank=True)
    new = models.TextField(_("after"), blank=True)
    # Those of the row after the change.
    workgroup_id = models.BigIntegerField(null=True, blank=True)
    assignee_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        abstract = True
        default_permissions = ("view",)
        ordering = ["id"]


class TicketEventQuerySet(HistoryQuerySet["TicketEvent"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return what `user` may read in the history of tickets that they see."""
        if not user.is_authenticated:
            return self.none()
        if user.is_team_member:
            return self
        # How the team sorts and hands on its work is not the requester's business.
        return self.filter(field="status")

    def ending_stays_at(self, moment: datetime) -> Self:
        """Return the moves that ended a stay in the backlog which lasted at `moment`.

        Stays that contain a moment are no range of any index. Those of one class are: they ended
        within so many days after it. So what is read is a part of what is found, not all that
        came after.
        """
        ranges = (
            Q(stay=number, at__gte=moment, at__lt=moment + limit)
            for number, limit in enumerate(STAYS)
        )
        return self.filter(reduce(or_, ranges), since__lt=moment)

    def with_names(self) -> Self:
        """Add `actor_name` by the same query."""
        return self.annotate(actor_name=name_of("actor"))


class TicketEvent(Event):
    """One change of one ticket, written in the transaction of the change.

    Every change of status has `field="status"` with `old` and `new`; its verb says which kind of
    move it was: `resolved`, `closed` (`detail` has the reason; an unresolved ticket that closes
    as resolved is first resolved), `reopened` (from resolved, or by an administrator from
    closed), or plainly `status`.
    """

    class Verb(models.TextChoices):
        CREATED = "created", _("Created")
        STATUS = "status", _("Status changed")
        RESOLVED = "resolved", _("Resolved")
        REOPENED = "reopened", _("Reopened")
        CLOSED = "closed", _("Closed")
        ASSIGNED = "assigned", _("Assigned")
        WORKGROUP = "workgroup", _("Given to a workgroup")
        PRIORITY = "priority", _("Priority changed")
        TAGS = "tags", _("Tags changed")
        EDITED = "edited", _("Edited")
        FIRST_RESPONSE = "first_response", _("First response")
        DELETED = "deleted", _("Deleted")
        RESTORED = "restored", _("Restored")

    # Those that change the status, and those that figures are made of.
    MOVES = (Verb.CREATED, Verb.STATUS, Verb.RESOLVED, Verb.REOPENED, Verb.CLOSED)
    COUNTED = (*MOVES, Verb.FIRST_RESPONSE)

    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.PROTECT,
        related_name="events",
        db_index=False,
        verbose_name=_("ticket"),
    )
    verb = models.CharField(_("what"), max_length=16, choices=Verb.choices)
    detail = models.CharField(_("detail"), max_length=32, blank=True)
    seconds = models.PositiveBigIntegerField(
        _("seconds"),
        null=True,
        blank=True,
        help_text=_("From the creation of the ticket, for first_response, resolved and closed."),
    )
    # Of a move: when the old status began, and, where it is one of the backlog, the class of how
    # long it lasted (STAYS). So an index tells who was in the backlog at a moment long ago.
    since = models.DateTimeField(null=True, blank=True, editable=False)
    stay = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)

    objects: ClassVar = TicketEventQuerySet.as_manager()

    class Meta(Event.Meta):
        verbose_name = _("ticket event")
        verbose_name_plural = _("ticket events")
        indexes = [
            models.Index(fields=["ticket", "id"], name="ticket_event_history"),
            # Figures are worked out from it alone.
            models.Index(
                fields=["verb", "at", "ticket", "detail", "seconds", "old", "new"],
                name="ticket_event_figures",
            ),
            models.Index(
                fields=["stay", "at"],
                name="ticket_event_stays",
                condition=Q(stay__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.verb}"
