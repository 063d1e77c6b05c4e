"""The history of tickets: what people read, and the source of every figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.models.querysets import name_of
from records.histories import History, HistoryQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


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
    objects: ClassVar = TicketEventQuerySet.as_manager()

    class Meta(Event.Meta):
        verbose_name = _("ticket event")
        verbose_name_plural = _("ticket events")
        indexes = [
            models.Index(fields=["ticket", "id"], name="ticket_event_history"),
            models.Index(fields=["verb", "at"], name="ticket_event_figures"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.verb}"
