"""What is counted: the tickets that somebody sees and asks for, and what people wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import In

from messaging.models import Conversation, Message
from tickets.models import Ticket, TicketEvent

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

BEYOND_ALL = 2**63 - 1
# The sets of `Counted.sets`.
TICKETS = Func(template="(SELECT id FROM tickets)", output_field=BigIntegerField())
CONVERSATIONS = Func(template="(SELECT id FROM conversations)", output_field=BigIntegerField())


@dataclass(frozen=True)
class Subject:
    """The tickets and conversations that count."""

    tickets: QuerySet[Ticket]
    conversations: QuerySet[Conversation]
    is_everything: bool

    @classmethod
    def of(cls, user: User | AnonymousUser, tickets: QuerySet[Ticket] | None = None) -> Subject:
        """Return all that `user` sees, or those of their `tickets` and what was written there."""
        if tickets is None:
            visible = Ticket.objects.visible_to(user).order_by()
            talks = Conversation.objects.visible_to(user).order_by()
            is_everything = user.is_authenticated and user.is_administrator
            return cls(visible, talks, is_everything)
        tickets = tickets.order_by()
        theirs = Exists(tickets.filter(pk=OuterRef("ticket_id")))
        return cls(tickets, Conversation.objects.filter(theirs).order_by(), False)

    def among(self, events: QuerySet[TicketEvent]) -> QuerySet[TicketEvent]:
        """Leave the events of its tickets, which are looked up one by one."""
        if self.is_everything:
            return _without(events, "ticket", _deleted())
        own = self.tickets.filter(pk=OuterRef("ticket_id")).values("pk")
        return events.filter(ticket=Subquery(own))


class Counted:
    """The events and messages of a subject in a period.

    Whether a ticket counts is not asked for each of its events and messages. To administrators
    all tickets count but the deleted, which are few. For others the tickets that were opened in
    the period are looked up at once, as one range of numbers, and older ones that something
    happened to one by one; the same goes for conversations.
    """

    def __init__(self, subject: Subject, start: datetime, end: datetime) -> None:
        self.subject = subject
        self.period = (start, end)

    def events(self, **conditions: Any) -> QuerySet[TicketEvent]:
        events = TicketEvent.objects.filter(**conditions).order_by()
        if self.subject.is_everything:
            return _without(events, "ticket", _deleted())
        return events.filter(_is_one_of("ticket_id", TICKETS))

    def messages(self, **conditions: Any) -> QuerySet[Message]:
        messages = Message.objects.filter(author__isnull=False, **conditions).order_by()
        if self.subject.is_everything:
            talks = Conversation.objects.filter(ticket__in=_deleted())
            return _without(messages, "conversation", talks)
        return messages.filter(_is_one_of("conversation_id", CONVERSATIONS))

    @property
    def sets(self) -> dict[str, QuerySet[Any]]:
        """Return the ids that events and messages are compared with."""
        if self.subject.is_everything:
            return {}
        numbers = [_first_opened_at(moment) for moment in self.period]
        tickets = self.subject.tickets.filter(pk__gte=numbers[0], pk__lt=numbers[1]).values("pk")
        talks = Conversation.objects.filter(In(F("ticket_id"), TICKETS)).order_by().values("pk")
        return {
            "tickets": tickets.union(self._older_tickets(numbers), all=True),
            "conversations": talks.union(self._other_talks(numbers), all=True),
        }

    def _older_tickets(self, numbers: list[int]) -> QuerySet[Any]:
        events = TicketEvent.objects.filter(verb__in=TicketEvent.COUNTED, **self._within("at"))
        return self.subject.among(events.exclude(_between("ticket_id", numbers)).order_by()).values(
            "ticket"
        )

    def _other_talks(self, numbers: list[int]) -> QuerySet[Any]:
        young = Conversation.objects.filter(_between("ticket_id", numbers)).order_by()
        own = self.subject.conversations.filter(pk=OuterRef("conversation_id")).values("pk")
        messages = Message.objects.filter(author__isnull=False, **self._within("created_at"))
        other = _without(messages.order_by(), "conversation", young)
        return other.filter(conversation=Subquery(own)).values("conversation")

    def _within(self, column: str) -> dict[str, datetime]:
        start, end = self.period
        return {f"{column}__gte": start, f"{column}__lt": end}


def _first_opened_at(moment: datetime) -> int:
    """Return the number of the first ticket that was opened at a moment or later."""
    later = Ticket.objects.filter(created_at__gte=moment).order_by("created_at", "pk")
    return later.values_list("pk", flat=True).first() or BEYOND_ALL


def _between(column: str, numbers: list[int]) -> Q:
    return Q(**{f"{column}__gte": numbers[0], f"{column}__lt": numbers[1]})


def _is_one_of(column: str, ids: Func[Any]) -> In:
    # Not by the index of the column: that would leave the period.
    return In(F(column) + 0, ids)


def _deleted() -> QuerySet[Ticket]:
    return Ticket.objects.filter(deleted_at__isnull=False).order_by()


def _without(rows: QuerySet[Any], relation: str, few: QuerySet[Any]) -> QuerySet[Any]:
    """Leave out the rows of a few others, which the database lists once and then knows.

    PostgreSQL does so for this form of the question, SQLite for the other one.
    """
    if connection.vendor == "sqlite":
        return rows.exclude(**{f"{relation}__in": few.values("pk")})
    return rows.exclude(Exists(few.filter(pk=OuterRef(f"{relation}_id"))))
