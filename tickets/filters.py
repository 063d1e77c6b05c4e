"""What lists of tickets can be narrowed by."""

from __future__ import annotations

from django_filters.rest_framework import ChoiceFilter

from rest.filters import AnyChoiceFilter, AnyTextFilter, ChangedWhenFilter, any_of_ids
from tickets.models import Ticket, TicketQuerySet


class TicketFilter(ChangedWhenFilter):
    status = AnyChoiceFilter(choices=Ticket.Status.choices)
    priority = AnyChoiceFilter(choices=Ticket.Priority.choices)
    channel = AnyChoiceFilter(choices=Ticket.Channel.choices)
    assignee = AnyTextFilter(method="by_person", help_text="`me`, `none` or ids.")
    requester = AnyTextFilter(method="by_person", help_text="`me` or ids.")
    workgroup = AnyTextFilter(method="by_person", help_text="`none` or ids.")
    tag = AnyTextFilter(method="by_tag")
    # Read by the view, for it decides which rows there are at all.
    deleted = ChoiceFilter(
        choices=[("only", "only")],
        method="leave",
        help_text="`only`: tombstones of deleted tickets, for those who keep a copy.",
    )

    # Customers are shown none of these, so they cannot ask by them either.
    TEAM_ONLY = frozenset({"workgroup", "tag", "external_id", "external_source"})

    class Meta:
        model = Ticket
        fields = ["external_id", "external_source"]

    def by_person(self, tickets: TicketQuerySet, name: str, words: list[str]) -> TicketQuerySet:
        return tickets.filter(any_of_ids(name, words, me=self.request.user.pk))

    def by_tag(self, tickets: TicketQuerySet, name: str, words: list[str]) -> TicketQuerySet:
        return tickets.tagged(*words)

    def leave(self, tickets: TicketQuerySet, name: str, text: str) -> TicketQuerySet:
        return tickets
