"""Which tickets: by who may see them, by what is left to do, by words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User, Workgroup
from accounts.models.querysets import name_of
from configuration.values import value
from records.text import compared
from tickets.changes import insert
from tickets.lifecycle import UNRESOLVED, Status
from tickets.models.follower import Follower
from tickets.models.tag import TicketTag, clean_tags, compared_tags

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from tickets.models.ticket import Ticket

FIRST_NUMBER = 100_000
_NUMBER = re.compile(r"\s*(?:T-)?(?P<number>\d{6,18})\s*", re.IGNORECASE | re.ASCII)


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return what `user` may see; deleted tickets are visible to nobody.

        Administrators see all, customers their own, agents those of their workgroups, those
        that nobody has, their own and those they follow.
        """
        return self._of(user).filter(deleted_at=None)

    def tombstones_for(self, user: User | AnonymousUser) -> Self:
        """Return deleted tickets, for those of the team who would see them."""
        if not user.is_authenticated or not user.is_team_member:
            return self.none()
        return self._of(user).filter(deleted_at__isnull=False)

    def _of(self, user: User | AnonymousUser) -> Self:
        if not user.is_authenticated:
            return self.none()
        if user.role == User.Role.CUSTOMER:
            return self.filter(requester=user)
        if user.is_administrator or value("all_agents_see_all_tickets"):
            return self
        # Subqueries, not joins: a ticket that is visible for two reasons stays one row.
        workgroups = Workgroup.members.through.objects.filter(user_id=user.pk)
        followed = Follower.objects.filter(user_id=user.pk)
        return self.filter(
            Q(workgroup_id__in=workgroups.values("workgroup_id"))
            | Q(workgroup=None, assignee=None)
            | Q(assignee=user)
            | Q(requester=user)
            | Q(pk__in=followed.values("ticket_id"))
        )

    def mine(self, user: User) -> Self:
        return self.filter(assignee=user)

    def unassigned(self) -> Self:
        return self.filter(assignee=None)

    def unresolved(self) -> Self:
        return self.filter(status__in=UNRESOLVED)

    def waiting(self) -> Self:
        """Return those whose requester waits for our answer."""
        return self.filter(waiting_since__isnull=False, status__in=[Status.NEW, Status.OPEN])

    def due_to_close(self) -> Self:
        """Return those that were resolved so long ago that nobody will come back to them."""
        days = value("auto_close_days")
        if not days:
            return self.none()
        left_alone_since = timezone.now() - timedelta(days=days)
        return self.filter(
            status=Status.RESOLVED, resolved_at__lte=left_alone_since, deleted_at=None
        )

    def tagged(self, *names: str) -> Self:
        """Return those that carry at least one of the tags."""
        rows = TicketTag.objects.filter(name__in=compared_tags(names))
        return self.filter(pk__in=rows.values("ticket_id"))

    def matching(self, text: str) -> Self:
        """Return those whose number, title or content has `text`.

        Every search of tickets goes through here: full text search will too.
        """
        found = Q(searched__contains=compared(text))
        if number := _NUMBER.fullmatch(text):
            found |= Q(pk=int(number["number"]) - FIRST_NUMBER)
        return self.filter(found)

    @transaction.atomic
    def open_for(
        self,
        *,
        by: Actor,
        title: str,
        content: str,
        priority: str | None = None,
        requester: User | None = None,
        workgroup: Workgroup | None = None,
        assignee: User | None = None,
        tags: Iterable[str] = (),
        status: str = Status.NEW,
        close_reason: str = "",
        **also: Any,
    ) -> Ticket:
        """Open a ticket for `requester`, or for the caller where nobody is named.

        Another status than new is a move from there, with its rules. `also` are further columns:
        channel, language, external_id, external_source, follow_up_of.
        """
        ticket = self.model(
            title=title,
            content=content,
            priority=priority or value("default_priority"),
            requester=requester or by.user,
            workgroup=workgroup,
            tags=clean_tags(tags),
            **also,
        )
        insert(ticket, by=by)
        if assignee is not None:
            ticket.assign(assignee, by=by)
        if status not in {Status.NEW, ticket.status}:
            ticket.move_to(status, by=by, reason=close_reason)
        return ticket

    def with_names(self) -> Self:
        """Add `requester_name`, `assignee_name` and `workgroup_name` by the same query.

        Lists show the names; whole related objects would cost more than the tickets.
        """
        return self.annotate(
            requester_name=name_of("requester"),
            assignee_name=name_of("assignee"),
            workgroup_name=F("workgroup__name"),
        )


_EveryColumn = models.Manager.from_queryset(TicketQuerySet)


class TicketManager(_EveryColumn):
    """Leave out what only a search looks through: it is as long as the text itself."""

    def get_queryset(self) -> Any:
        return super().get_queryset().defer("searched")
