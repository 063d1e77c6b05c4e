"""What lists of tickets can be narrowed by."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django_filters.rest_framework import CharFilter, ChoiceFilter

from accounts.filters import ChangedWhenFilter
from tickets.models import Ticket, TicketQuerySet

LARGEST_ID = 2**63 - 1


class TicketFilter(ChangedWhenFilter):
    status = ChoiceFilter(choices=Ticket.Status.choices)
    priority = ChoiceFilter(choices=Ticket.Priority.choices)
    channel = ChoiceFilter(choices=Ticket.Channel.choices)
    assignee = CharFilter(method="by_person", help_text="`me`, `none` or ids.")
    requester = CharFilter(method="by_person", help_text="`me` or ids.")
    workgroup = CharFilter(method="by_person", help_text="`none` or ids.")
    tag = CharFilter(method="by_tag")
    # Read by the view, for it decides which rows there are at all.
    deleted = ChoiceFilter(
        choices=[("only", "only")],
        method="leave",
        help_text="`only`: tombstones of deleted tickets, for those who keep a copy.",
    )

    class Meta:
        model = Ticket
        fields = ["external_id", "external_source"]

    def by_person(self, tickets: TicketQuerySet, name: str, text: str) -> TicketQuerySet:
        return tickets.filter(any_of_ids(name, text, me=self.request.user.pk))

    def by_tag(self, tickets: TicketQuerySet, name: str, text: str) -> TicketQuerySet:
        return tickets.tagged(*text.split(","))

    def leave(self, tickets: TicketQuerySet, name: str, text: str) -> TicketQuerySet:
        return tickets


def any_of_ids(name: str, text: str, *, me: int) -> Q:
    """Return the condition for `me`, `none`, `7`, or several of them with commas."""
    words = {word.strip() for word in text.split(",")}
    ids = list(_ids(name, words - {"none"}, me))
    condition = Q(**{f"{name}__in": ids})
    return condition | Q(**{f"{name}__isnull": True}) if "none" in words else condition


def _ids(name: str, words: Iterable[str], me: int) -> Iterable[int]:
    for word in words:
        if word == "me":
            yield me
        elif word.isascii() and word.isdigit() and len(word) < 20 and int(word) <= LARGEST_ID:
            yield int(word)
        else:
            message = _("Write me, none, or ids, with commas between them.")
            raise ValidationError({name: ValidationError(message, code="invalid")})
