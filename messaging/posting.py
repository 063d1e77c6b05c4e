"""Write a message: numbered, counted and told to its ticket in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from messaging.events import announce, message_written
from messaging.models.participant import Participant, seq_column
from records.errors import Conflict
from records.rendered import read_page
from tickets.models import Ticket

if TYPE_CHECKING:
    from messaging.models.conversation import Conversation
    from messaging.models.message import Message

# More than this and the client had better fetch them.
MOST_MISSED = 50


class StaleReply(Conflict):
    """Somebody of the team or the requester wrote since the author looked; nothing was sent."""

    def __init__(self, missed: list[Message]) -> None:
        super().__init__(
            _("There are newer messages. Read them, then send again or force it."),
            code="stale-reply",
        )
        self.missed = missed


@dataclass(frozen=True)
class Draft:
    """What somebody wants to say."""

    by: Actor
    content: str
    internal: bool
    client_id: str
    seen_seq: int | None
    force: bool


@transaction.atomic
def post(conversation: Conversation, draft: Draft) -> tuple[Message, bool]:
    """Write the message that `draft` describes; see Conversation.post."""
    _check_rights(conversation, draft)
    conversation.lock()
    if over := _ticket_that_is_over(conversation, draft):
        if first := _repeated(draft, _chain_of(conversation)):
            return _same(first, draft), True
        conversation = type(conversation).objects.for_ticket(over.follow_up(by=draft.by))
        _check_rights(conversation, draft)
        conversation.lock()
    if first := _repeated(draft, [conversation.pk]):
        return _same(first, draft), True
    _refuse_stale(conversation, draft)
    message = _insert(conversation, draft)
    _tell_ticket_or_chat(conversation, message, draft)
    announce(message_written, conversation_id=conversation.pk, message_id=message.pk)
    return message, False


def _check_rights(conversation: Conversation, draft: Draft) -> None:
    by = draft.by
    if by.is_team:
        return
    if draft.internal or not conversation.is_requester(by.user):
        raise PermissionDenied(_("You cannot write here."))


# --- A ticket that is over ----------------------------------------------------------------------


def _ticket_that_is_over(conversation: Conversation, draft: Draft) -> Ticket | None:
    """Return the ticket, if its requester writes to it when it is too late."""
    ticket = conversation.ticket
    if ticket is None or draft.internal or not conversation.is_requester(draft.by.user):
        return None
    # Locked, so that nobody closes it between this look and the insert.
    ticket.lock()
    return ticket if ticket.is_over() else None


def _chain_of(conversation: Conversation) -> list[int]:
    """Return the conversations where a repeated message may stand already."""
    found, tickets = [conversation.pk], [conversation.ticket_id]
    while tickets:
        following = Ticket.objects.filter(follow_up_of__in=tickets)
        rows = list(following.values_list("pk", "conversation__pk"))
        tickets = [pk for pk, _conversation in rows]
        found += [pk for _ticket, pk in rows if pk is not None]
    return found


# --- Once, and not blindly ----------------------------------------------------------------------


def _repeated(draft: Draft, conversations: list[int]) -> Message | None:
    """Return the message that this one repeats; the lock makes the answer final."""
    if not draft.client_id or draft.by.user is None:
        return None
    written = draft.by.user.messages.filter(conversation__in=conversations)
    return written.filter(client_id=draft.client_id).first()


def _same(first: Message, draft: Draft) -> Message:
    # An edit since then does not make the repetition another message.
    was_edited = first.edited_at is not None
    if first.internal != draft.internal or (first.content != draft.content and not was_edited):
        raise Conflict(
            _("You have used this client_id for another message."), code="client-id-reused"
        )
    return first


def _refuse_stale(conversation: Conversation, draft: Draft) -> None:
    if draft.seen_seq is None or draft.force or draft.internal or draft.by.user is None:
        return
    public = conversation.messages.filter(internal=False)
    missed = public.after(draft.seen_seq, draft.by.user).exclude(author=draft.by.user)
    rows, _was_cut = read_page(missed.select_related("author").order_by("seq"), MOST_MISSED)
    if rows:
        raise StaleReply(rows)


# --- Writing ------------------------------------------------------------------------------------


def _insert(conversation: Conversation, draft: Draft) -> Message:
    # The row is locked: whoever comes next reads the number that this transaction leaves.
    conversation.last_seq += 1
    columns = ["last_seq"]
    now = timezone.now()
    if not draft.internal:
        conversation.last_public_seq += 1
        conversation.last_message_at = now
        columns += ["last_public_seq", "last_message_at"]
    conversation.save(update_fields=columns)
    message = conversation.messages.write(
        conversation=conversation,
        seq=conversation.last_seq,
        public_seq=None if draft.internal else conversation.last_public_seq,
        author=draft.by.user,
        token_id=draft.by.token_id,
        from_team=_is_from_team(conversation, draft.by),
        internal=draft.internal,
        content=draft.content,
        client_id=draft.client_id,
        created_at=now,
    )
    _read_own(message)
    return message


def _is_from_team(conversation: Conversation, by: Actor) -> bool:
    """Return whether the team speaks: an agent who asks for something is no agent there."""
    return by.user is not None and by.is_team and not conversation.is_requester(by.user)


def _read_own(message: Message) -> None:
    """Count one's own words as read: whoever answers has seen what stands above."""
    if message.author is None:
        return
    mine = Participant(
        conversation=message.conversation,
        user=message.author,
        read_seq=getattr(message, seq_column(message.author)),
    )
    Participant.objects.bulk_create(
        [mine],
        update_conflicts=True,
        unique_fields=["conversation", "user"],
        update_fields=["read_seq"],
    )


def _tell_ticket_or_chat(conversation: Conversation, message: Message, draft: Draft) -> None:
    if conversation.ticket is not None:
        conversation.ticket.record_message(
            by=draft.by,
            at=message.created_at,
            public=not message.internal,
            text=message.content,
        )
    elif conversation.status == conversation.Status.CLOSED and not message.internal:
        conversation.take_up(by=draft.by)
