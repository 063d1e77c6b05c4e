"""Answer a ticket, and move it on in the same breath."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from messaging.models import Conversation
from tickets.models import Ticket


@transaction.atomic
def reply(
    ticket: Ticket,
    *,
    by: Actor,
    then: str = "",
    internal: bool = False,
    **message: Any,
) -> None:
    """Post a message or a note, then move the ticket to `then`; both happen, or neither.

    `message` is what Conversation.post takes: content, client_id, seen_seq, force.
    """
    if then and internal:
        raise PermissionDenied(_("A note does not move a ticket."))
    conversation = Conversation.objects.for_ticket(ticket)
    _message, is_repeated = conversation.post(by=by, internal=internal, **message)
    # The message itself may have moved the ticket: taken up, or waiting no more.
    ticket.refresh_from_db()
    if then and not (is_repeated and ticket.status == then):
        ticket.move_to(then, by=by)
