"""Conversations: chats, and the talk that belongs to a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, Exists, Expression, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import User, Workgroup
from accounts.models.querysets import name_of
from messaging import posting
from messaging.events import announce, conversation_changed
from messaging.models.event import ConversationEvent
from messaging.models.participant import Participant, seq_column
from records.errors import Conflict, check_version, invalid_field
from records.text import kept
from tickets import lifecycle
from tickets.models import Ticket

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from messaging.models.message import Message

Verb = ConversationEvent.Verb
STALE = _("Somebody changed this conversation since you read it.")


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return the chats that `user` may see and the talk of the tickets that they may see."""
        if not user.is_authenticated:
            return self.none()
        if user.is_administrator:
            return self.filter(ticket__deleted_at=None)
        # Looked up for each row: a list of all visible tickets costs more than the page of a list.
        theirs = Ticket.objects.visible_to(user).filter(pk=OuterRef("ticket_id")).order_by()
        return self.filter(Q(Exists(theirs)) | Q(ticket=None) & _chats_of(user))

    def for_ticket(self, ticket: Ticket) -> Conversation:
        """Return the conversation of a ticket; it is made when it is first needed."""
        conversation, _made = self.get_or_create(
            ticket=ticket,
            defaults={"kind": Conversation.Kind.TICKET, "status": Conversation.Status.OPEN},
        )
        conversation.ticket = ticket
        return conversation

    @transaction.atomic
    def start(
        self, *, by: Actor, requester: User | None = None, workgroup: Workgroup | None = None
    ) -> Conversation:
        """Start a chat with `requester`, or of the caller where nobody is named."""
        requester = requester or by.user
        if requester is None or not requester.is_active:
            raise invalid_field("requester", _("Name an active person."), "inactive")
        if not by.is_team and (requester.pk != by.user_id or workgroup is not None):
            raise lifecycle.refused()
        chat = self.create(
            kind=Conversation.Kind.CHAT,
            status=Conversation.Status.QUEUED,
            requester=requester,
            workgroup=workgroup,
        )
        chat.note(Verb.CREATED, by=by, field="status", new=chat.status)
        announce(conversation_changed, conversation_id=chat.pk)
        return chat

    def with_state(self) -> Self:
        """Add what a ticket decides for its conversation, by the same query.

        `state`, `requester_now`, `assignee_now`, `workgroup_now`, the names and the title.
        """
        return self.annotate(
            state=_state(),
            requester_now=Coalesce("ticket__requester_id", "requester_id"),
            assignee_now=Coalesce("ticket__assignee_id", "assignee_id"),
            workgroup_now=Coalesce("ticket__workgroup_id", "workgroup_id"),
            requester_name=_name_of("requester"),
            assignee_name=_name_of("assignee"),
            title=F("ticket__title"),
        )

    def with_unread(self, user: User) -> Self:
        """Add `unread`: how many messages stand after those that `user` has read."""
        mine = Participant.objects.filter(conversation=OuterRef("pk"), user_id=user.pk)
        read = Coalesce(Subquery(mine.values("read_seq")), Value(0))
        return self.annotate(unread=F(f"last_{seq_column(user)}") - read)


def _chats_of(user: User) -> Q:
    if not user.is_team_member:
        return Q(requester=user)
    workgroups = Workgroup.members.through.objects.filter(user_id=user.pk)
    return (
        Q(workgroup_id__in=workgroups.values("workgroup_id"))
        | Q(workgroup=None, assignee=None)
        | Q(assignee=user)
        | Q(requester=user)
    )


def _state() -> Case:
    """Return the status: a chat's own, or what the state of the ticket amounts to."""
    return Case(
        When(ticket=None, then=F("status")),
        When(ticket__status=Ticket.Status.CLOSED, then=Value("closed")),
        When(ticket__assignee=None, then=Value("queued")),
        default=Value("open"),
    )


def _name_of(person: str) -> Expression:
    return Coalesce(name_of(f"ticket__{person}"), name_of(person))


class Conversation(models.Model):
    """People talking, in the order of `seq`.

    A ticket decides who takes part in its conversation and whether it goes on; the columns
    `status`, `requester`, `workgroup` and `assignee` are those of chats.
    """

    class Kind(models.TextChoices):
        CHAT = "chat", _("Chat")
        TICKET = "ticket", _("Ticket")

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    status = models.CharField(
        _("status"), max_length=8, choices=Status.choices, default=Status.QUEUED
    )
    ticket = models.OneToOneField(
        Ticket,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="conversation",
        verbose_name=_("ticket"),
    )
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="conversations",
        verbose_name=_("requester"),
    )
    workgroup = models.ForeignKey(
        Workgroup,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="conversations",
        verbose_name=_("workgroup"),
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_conversations",
        verbose_name=_("assignee"),
    )
    last_seq = models.PositiveBigIntegerField(default=0, editable=False)
    last_public_seq = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # Public messages only, for customers see it; the creation as long as there is none.
    last_message_at = models.DateTimeField(_("last message"), default=timezone.now, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-id"]
        indexes = [models.Index(fields=["last_message_at", "id"], name="conversation_latest")]
        constraints = [
            models.CheckConstraint(
                name="conversation_of_a_ticket_or_a_person",
                condition=Q(kind="ticket", ticket__isnull=False, requester=None)
                | Q(kind="chat", ticket=None, requester__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.ticket.number if self.ticket else f"C-{self.pk}"

    def is_requester(self, user: User | None) -> bool:
        """Return whether `user` is the one whom the team answers here."""
        owner = self.ticket.requester_id if self.ticket else self.requester_id
        return user is not None and owner == user.pk

    # --- Talking --------------------------------------------------------------------------------

    def post(
        self,
        *,
        by: Actor,
        content: str,
        internal: bool = False,
        client_id: str = "",
        seen_seq: int | None = None,
        force: bool = False,
    ) -> tuple[Message, bool]:
        """Write a message; return it, and whether it was written before.

        What the requester writes when the ticket is over goes to its follow-up: look at the
        conversation of the message. Raises StaleReply where the author answers what somebody
        answered meanwhile (`seen_seq` is the last number that they saw), unless `force`.
        """
        draft = posting.Draft(by, kept(content), internal, client_id or "", seen_seq, force)
        return posting.post(self, draft)

    def read(self, *, by: Actor, seq: int | None = None) -> None:
        """Note that the caller has read up to `seq`, or everything."""
        if by.user is not None:
            self.mark_read(by.user, self.last_seq if seq is None else seq)

    def mark_read(self, user: User, seq: int) -> int:
        """Note that `user` has read up to `seq`, as they count; it never goes back."""
        column = seq_column(user)
        seq = max(0, min(seq, getattr(self, f"last_{column}")))
        mine, _made = Participant.objects.get_or_create(conversation=self, user=user)
        Participant.objects.filter(pk=mine.pk, read_seq__lt=seq).update(read_seq=seq)
        return max(mine.read_seq, seq)

    # --- Who has it -----------------------------------------------------------------------------

    def claim(self, *, by: Actor, expected_version: int | None = None) -> None:
        """Take what nobody has; the second of two agents is told."""
        self._refuse_strangers(by)
        if ticket := self._ticket(expected_version):
            ticket.claim(by=by)
            return
        with self._changing(expected_version):
            if self.assignee_id not in {None, by.user_id}:
                raise Conflict(
                    gettext("Somebody else has taken this conversation."),
                    code="already-assigned",
                    assignee=self.assignee_id,
                )
            self._assign(by.user, by=by)

    def assign(
        self, assignee: User | None, *, by: Actor, expected_version: int | None = None
    ) -> None:
        self._refuse_strangers(by)
        if ticket := self._ticket(expected_version):
            ticket.assign(assignee, by=by)
            return
        with self._changing(expected_version):
            self._assign(assignee, by=by)

    def _assign(self, assignee: User | None, *, by: Actor) -> None:
        old, new = self.assignee_id, assignee.pk if assignee else None
        if old == new:
            return
        if assignee is not None and not lifecycle.takes_tickets(assignee):
            message = _("Only active agents and administrators can be given conversations.")
            raise invalid_field("assignee", message, "not_in_team")
        if self.status == self.Status.CLOSED:
            raise Conflict(gettext("This conversation is closed."), code="conversation-closed")
        self.assignee = assignee
        self.status = self.Status.OPEN if assignee else self.Status.QUEUED
        self.note(Verb.ASSIGNED, by=by, field="assignee", old=old or "", new=new or "")
        self._save("assignee", "status")

    def close(self, *, by: Actor, expected_version: int | None = None) -> None:
        """End a chat, or close the ticket as resolved."""
        self._refuse_strangers(by)
        if ticket := self._ticket(expected_version):
            ticket.close(by=by)
            return
        with self._changing(expected_version):
            if self.status == self.Status.CLOSED:
                raise Conflict(gettext("This conversation is closed."), code="conversation-closed")
            self._move(Verb.CLOSED, self.Status.CLOSED, by=by, closed_at=timezone.now())

    def reopen(self, *, by: Actor, expected_version: int | None = None) -> None:
        if ticket := self._ticket(expected_version):
            ticket.reopen(by=by)
            return
        self._refuse_strangers(by)
        with self._changing(expected_version):
            if self.status != self.Status.CLOSED:
                raise Conflict(gettext("This conversation is not closed."), code="not-closed")
            self.take_up(by=by)

    def take_up(self, *, by: Actor) -> None:
        """Go on with a closed chat whose row is locked."""
        status = self.Status.OPEN if self.assignee_id else self.Status.QUEUED
        self._move(Verb.REOPENED, status, by=by, closed_at=None)

    # --- How a change is made -------------------------------------------------------------------

    def _refuse_strangers(self, by: Actor) -> None:
        if not by.is_team:
            raise lifecycle.refused()

    def _ticket(self, expected_version: int | None) -> Ticket | None:
        """Return the ticket that is changed instead of its conversation, if there is one."""
        if self.ticket:
            check_version(self, expected_version, STALE)
        return self.ticket

    @contextmanager
    def _changing(self, expected_version: int | None = None) -> Iterator[None]:
        with transaction.atomic():
            self.lock()
            check_version(self, expected_version, STALE)
            yield

    def lock(self) -> None:
        """Read the row again and keep others from changing it until the transaction ends."""
        # no_key: rows that only point to this one are not kept waiting.
        self.refresh_from_db(from_queryset=Conversation.objects.select_for_update(no_key=True))

    def _move(self, verb: Verb, status: str, *, by: Actor, **columns: Any) -> None:
        old, self.status = self.status, status
        for name, value in columns.items():
            setattr(self, name, value)
        self.note(verb, by=by, field="status", old=old, new=status)
        self._save("status", *columns)

    def _save(self, *columns: str) -> None:
        self.version += 1
        self.save(update_fields=[*columns, "version"])
        announce(conversation_changed, conversation_id=self.pk)

    def note(self, verb: Verb, *, by: Actor, **columns: Any) -> None:
        """Add a history row, in the transaction of the change."""
        ConversationEvent.objects.create(
            conversation=self,
            verb=verb,
            workgroup_id=self.workgroup_id,
            assignee_id=self.assignee_id,
            **by.as_columns(),
            **columns,
        )
