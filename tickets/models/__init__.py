"""Tickets and what stands beside them: history, tags, followers."""

from __future__ import annotations

from tickets.models.event import Event, TicketEvent
from tickets.models.follower import Follower
from tickets.models.querysets import TicketQuerySet
from tickets.models.tag import TicketTag
from tickets.models.ticket import Ticket

__all__ = [
    "Event",
    "Follower",
    "Ticket",
    "TicketEvent",
    "TicketQuerySet",
    "TicketTag",
]
