"""Who may open which ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.actor import Actor
from tickets.lifecycle import refused

if TYPE_CHECKING:
    from tickets.models.ticket import Ticket


def check(ticket: Ticket, by: Actor) -> None:
    """Refuse a ticket for nobody, and what customers have no say in."""
    if ticket.requester_id is None or not ticket.requester.is_active:
        message = _("Name an active person.")
        raise ValidationError({"requester": ValidationError(message, code="inactive")})
    if by.is_team or ticket.follow_up_of_id:
        return
    said_by_team = ticket.workgroup_id or ticket.tags or ticket.external_id
    if ticket.requester_id != by.user_id or said_by_team:
        raise refused()
