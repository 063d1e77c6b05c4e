"""The ticket: a piece of work with a life-cycle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxLengthValidator,
    MinLengthValidator,
    ProhibitNullCharactersValidator,
)
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import User, Workgroup
from records.errors import Conflict, check_version
from records.fields import KeptTextField, NameField, SearchedField
from records.rendered import RenderedContent
from tickets import changes, lifecycle, replies
from tickets.changes import Change, Verb
from tickets.lifecycle import InvalidTransition
from tickets.models.follower import Follower
from tickets.models.querysets import FIRST_NUMBER, TicketManager

LONGEST_CONTENT = 50_000

# django-stubs makes Field generic; at run time it is not.
if TYPE_CHECKING:
    WordField = models.Field[str, str]
else:
    WordField = models.Field


class RankedField(WordField):
    """Hold a word in Python and its rank among the choices, from 1, in the database.

    So `ORDER BY`, `gte` and an index follow the meaning (low, medium, high, urgent), not letters.
    """

    def get_internal_type(self) -> str:
        return "SmallIntegerField"

    def get_prep_value(self, value: Any) -> int | None:
        value = super().get_prep_value(value)
        # Plain SQL and expressions speak in ranks already.
        if value is None or isinstance(value, int):
            return value
        return self._ranks[self.to_python(value)]

    def from_db_value(self, value: int | None, expression: object, connection: object) -> Any:
        return None if value is None else self._words[value - 1]

    def to_python(self, value: Any) -> Any:
        if value is None or value in self._ranks:
            return value
        raise ValidationError(
            _("Choose one of: %(choices)s."),
            code="invalid_choice",
            params={"choices": ", ".join(self._words)},
        )

    @cached_property
    def _words(self) -> list[str]:
        return [str(word) for word, _label in self.choices or ()]

    @cached_property
    def _ranks(self) -> dict[str, int]:
        return {word: rank for rank, word in enumerate(self._words, start=1)}


def protect_living(collector: Any, field: Any, rows: Any, using: str) -> None:
    """Keep what living tickets point to; deleted ones let it go, and come back without it."""
    is_needed = rows.filter(deleted_at=None).exists()
    (models.PROTECT if is_needed else models.SET_NULL)(collector, field, rows, using)


class Ticket(RenderedContent):
    Status = lifecycle.Status
    CloseReason = lifecycle.CloseReason

    class Priority(models.TextChoices):
        # In the order of their rank: see RankedField.
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")
        URGENT = "urgent", _("Urgent")

    class Channel(models.TextChoices):
        API = "api", _("API")
        AGENT = "agent", _("Agent")
        WIDGET = "widget", _("Chat")
        EMAIL = "email", _("E-mail")

    title = NameField(
        _("title"),
        max_length=200,
        validators=[MinLengthValidator(1), ProhibitNullCharactersValidator()],
    )
    content = KeptTextField(
        _("content"),
        validators=[
            MinLengthValidator(1),
            MaxLengthValidator(LONGEST_CONTENT),
            ProhibitNullCharactersValidator(),
        ],
        help_text=_("Markdown. The first entry of the timeline."),
    )
    searched = SearchedField(of=["title", "content"])
    priority = RankedField(_("priority"), choices=Priority.choices, default=Priority.MEDIUM)
    status = models.CharField(
        _("status"), max_length=16, choices=lifecycle.Status.choices, default=lifecycle.Status.NEW
    )
    close_reason = models.CharField(
        _("reason of closing"), max_length=16, choices=lifecycle.CloseReason.choices, blank=True
    )
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="requested_tickets",
        db_index=False,
        verbose_name=_("requester"),
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_tickets",
        db_index=False,
        verbose_name=_("assignee"),
    )
    workgroup = models.ForeignKey(
        Workgroup,
        on_delete=protect_living,
        null=True,
        blank=True,
        related_name="tickets",
        db_index=False,
        verbose_name=_("workgroup"),
    )
    # What is shown; TicketTag rows are the index for filters. Written together by this model.
    tags = models.JSONField(_("tags"), default=list, blank=True)
    channel = models.CharField(
        _("channel"), max_length=16, choices=Channel.choices, default=Channel.API
    )
    language = models.CharField(_("language"), max_length=16, blank=True)
    external_id = models.CharField(_("external id"), max_length=120, blank=True)
    external_source = models.CharField(_("external source"), max_length=60, blank=True)
    follow_up_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_ups",
        db_index=False,
        verbose_name=_("follow-up of"),
    )

    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now, editable=False)
    status_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    first_assigned_at = models.DateTimeField(null=True, blank=True, editable=False)
    first_response_at = models.DateTimeField(null=True, blank=True, editable=False)
    first_resolved_at = models.DateTimeField(null=True, blank=True, editable=False)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    # Public messages only: the requester reads it too, and notes are none of their business.
    last_message_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Set exactly while the requester waits for us.
    waiting_since = models.DateTimeField(
        _("waiting since"), default=timezone.now, null=True, blank=True, editable=False
    )
    reopen_count = models.PositiveIntegerField(default=0, editable=False)
    reply_count = models.PositiveIntegerField(default=0, editable=False)

    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        editable=False,
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TicketManager()

    # Looked up by whoever hands them in; checking them again would cost a query each.
    RELATIONS: ClassVar[set[str]] = {
        "requester", "assignee", "workgroup", "follow_up_of", "deleted_by",
    }  # fmt: skip

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "-id"], name="ticket_status"),
            models.Index(fields=["assignee", "-id"], name="ticket_assignee"),
            models.Index(fields=["workgroup", "-id"], name="ticket_workgroup"),
            models.Index(fields=["requester", "-id"], name="ticket_requester"),
            models.Index(fields=["priority", "id"], name="ticket_priority"),
            models.Index(fields=["updated_at", "id"], name="ticket_updated"),
            models.Index(fields=["created_at", "id"], name="ticket_created"),
            models.Index(fields=["html_version"], name="ticket_html_version"),
            models.Index(
                fields=["status", "status_changed_at", "workgroup", "assignee", "requester"],
                name="ticket_backlog",
                condition=Q(deleted_at=None),
            ),
            # Whom `visible_to` asks about, so that counting reads no texts.
            models.Index(
                fields=["workgroup", "assignee", "requester", "deleted_at"],
                name="ticket_visible",
            ),
            models.Index(
                fields=["-id"], name="ticket_deleted", condition=Q(deleted_at__isnull=False)
            ),
            models.Index(
                fields=["waiting_since", "id"],
                name="ticket_waiting",
                condition=Q(waiting_since__isnull=False),
            ),
            models.Index(
                fields=["follow_up_of"],
                name="ticket_follow_up",
                condition=Q(follow_up_of__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                name="ticket_external_id_once",
                condition=~Q(external_id="") & Q(deleted_at=None),
            ),
            models.CheckConstraint(
                name="ticket_closed_says_when_and_why",
                condition=Q(status="closed", closed_at__isnull=False) & ~Q(close_reason="")
                | ~Q(status="closed") & Q(closed_at=None, close_reason=""),
            ),
            models.CheckConstraint(
                name="ticket_resolved_says_when",
                condition=~Q(status="resolved") | Q(resolved_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def number(self) -> str:
        """What people call it; not stored."""
        return f"T-{FIRST_NUMBER + self.pk}"

    # --- Life-cycle -----------------------------------------------------------------------------

    def allowed_moves(self, by: Actor) -> frozenset[str]:
        """Return the statuses that `by` may give this ticket now."""
        return lifecycle.allowed(self, by)

    def move_to(
        self, status: str, *, by: Actor, reason: str = "", expected_version: int | None = None
    ) -> None:
        """Move to `status`, or raise InvalidTransition and change nothing."""
        lifecycle.check_words(status, reason)
        seen = self.status
        with self._changing(by, expected_version) as change:
            # Compare: whoever read a status that is no more is told, even if the move is legal.
            if seen != self.status:
                raise InvalidTransition(self.status, status, allowed=self.allowed_moves(by))
            lifecycle.move(change, status, reason=reason)

    def resolve(self, *, by: Actor, expected_version: int | None = None) -> None:
        self.move_to(self.Status.RESOLVED, by=by, expected_version=expected_version)

    def hold(self, *, by: Actor, expected_version: int | None = None) -> None:
        self.move_to(self.Status.ON_HOLD, by=by, expected_version=expected_version)

    def close(self, *, by: Actor, reason: str = "", expected_version: int | None = None) -> None:
        self.move_to(self.Status.CLOSED, by=by, reason=reason, expected_version=expected_version)

    def reopen(self, *, by: Actor, expected_version: int | None = None) -> None:
        """Take up again what was answered, closed, pending or on hold."""
        self.move_to(self.Status.OPEN, by=by, expected_version=expected_version)

    # --- People ---------------------------------------------------------------------------------

    def assign(
        self, assignee: User | None, *, by: Actor, expected_version: int | None = None
    ) -> None:
        """Give the ticket to somebody of the team, or to nobody."""
        self.edit(by=by, assignee=assignee, expected_version=expected_version)

    def claim(self, *, by: Actor, expected_version: int | None = None) -> None:
        """Take a ticket that nobody has; the second of two agents is told."""
        if by.user is None or not by.is_team:
            raise lifecycle.refused()
        with self._changing(by, expected_version) as change:
            if self.assignee_id not in {None, by.user_id}:
                raise Conflict(
                    gettext("Somebody else has taken this ticket."),
                    code="already-assigned",
                    assignee=self.assignee_id,
                )
            changes.assign(change, by.user)

    def follow(self, user: User) -> None:
        Follower.objects.get_or_create(ticket=self, user=user)

    def unfollow(self, user: User) -> None:
        Follower.objects.filter(ticket=self, user=user).delete()

    # --- Editing --------------------------------------------------------------------------------

    def edit(self, *, by: Actor, expected_version: int | None = None, **fields: Any) -> None:
        """Change what differs, each with a history row; nothing where one part is refused.

        Fields: title, content, language, external_id, external_source, priority, tags,
        requester, assignee, workgroup, status, close_reason (of a status that closes).
        """
        with self._changing(by, expected_version) as change:
            changes.edit(change, fields)

    def delete_softly(self, *, by: Actor, expected_version: int | None = None) -> None:
        """Take the ticket out of every list and figure; administrators can restore it."""
        if not by.is_team:
            raise lifecycle.refused()
        with self._changing(by, expected_version) as change:
            change.set(deleted_at=change.at, deleted_by_id=by.user_id)
            change.note(Verb.DELETED)

    def restore(self, *, by: Actor, expected_version: int | None = None) -> None:
        if not by.is_administrator:
            raise lifecycle.refused()
        with self._changing(by, expected_version, deleted=True) as change:
            if change.set(deleted_at=None, deleted_by_id=None):
                change.note(Verb.RESTORED)

    # --- Messages -------------------------------------------------------------------------------

    def record_message(self, *, by: Actor, at: datetime, public: bool, text: str) -> None:
        """Follow what a message means for the ticket, in the transaction that saves it."""
        # Notes are the team's own: nothing that the requester can see may move.
        if not public:
            return
        with self._changing(by, None, at=at, is_edit=False) as change:
            replies.record(change)

    def is_over(self) -> bool:
        """Return whether the requester's next message opens a follow-up instead of this."""
        return lifecycle.is_over(self)

    def follow_up(self, *, by: Actor) -> Ticket:
        """Return the ticket that goes on where this one is over; open it where there is none."""
        return replies.follow_up(self, by)

    # --- How a change is made -------------------------------------------------------------------

    @contextmanager
    def _changing(
        self,
        by: Actor,
        expected_version: int | None,
        *,
        at: datetime | None = None,
        is_edit: bool = True,
        deleted: bool = False,
    ) -> Iterator[Change]:
        """Lock the row and read it again; then save what the block changes, with its history."""
        with transaction.atomic():
            self.lock()
            if self.deleted_at is not None and not deleted:
                raise Conflict(gettext("This ticket was deleted."), code="deleted")
            stale = gettext("Somebody changed this ticket since you read it.")
            check_version(self, expected_version, stale)
            change = Change(self, by=by, at=at)
            yield change
            change.save(is_edit=is_edit)

    def lock(self) -> None:
        """Read the row again and keep others from changing it until the transaction ends."""
        # no_key: rows that only point to this one are not kept waiting.
        self.refresh_from_db(from_queryset=Ticket.objects.select_for_update(no_key=True))
