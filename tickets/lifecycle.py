"""The life-cycle of a ticket: statuses, reasons, and every move there is."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from records.errors import Conflict


class Status(models.TextChoices):
    NEW = "new", pgettext_lazy("ticket status", "New")
    OPEN = "open", pgettext_lazy("ticket status", "Open")
    PENDING = "pending", pgettext_lazy("ticket status", "Pending")
    ON_HOLD = "on_hold", pgettext_lazy("ticket status", "On hold")
    RESOLVED = "resolved", pgettext_lazy("ticket status", "Resolved")
    CLOSED = "closed", pgettext_lazy("ticket status", "Closed")


class CloseReason(models.TextChoices):
    RESOLVED = "resolved", _("Resolved")
    MERGED = "merged", _("Merged")
    SPAM = "spam", _("Spam")
    DUPLICATE = "duplicate", _("Duplicate")
    NO_RESPONSE = "no_response", _("No response")
    CANCELLED = "cancelled", _("Cancelled")


# Work is left to do: what a backlog counts.
UNRESOLVED = frozenset({Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD})

# What a team may do. Never back to new.
MOVES: dict[str, frozenset[str]] = {
    Status.NEW: frozenset(
        {Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.RESOLVED, Status.CLOSED}
    ),
    Status.OPEN: frozenset({Status.PENDING, Status.ON_HOLD, Status.RESOLVED, Status.CLOSED}),
    Status.PENDING: frozenset({Status.OPEN, Status.ON_HOLD, Status.RESOLVED, Status.CLOSED}),
    Status.ON_HOLD: frozenset({Status.OPEN, Status.RESOLVED, Status.CLOSED}),
    Status.RESOLVED: frozenset({Status.OPEN, Status.CLOSED}),
    # By administrators, and only where the reason is one of RESTORABLE.
    Status.CLOSED: frozenset({Status.OPEN}),
}
RESTORABLE = frozenset({CloseReason.MERGED, CloseReason.SPAM, CloseReason.CANCELLED})
# What requesters may do with their own, as long as the reopen window lasts.
REQUESTER_MOVES: dict[str, frozenset[str]] = {Status.RESOLVED: frozenset({Status.OPEN})}


class InvalidTransition(Conflict):
    """The ticket cannot go from `old` to `new`, now or for this person; nothing was changed."""

    def __init__(self, old: str, new: str, *, allowed: Collection[str]) -> None:
        super().__init__(
            gettext("This ticket is “%(old)s” and cannot become “%(new)s”.")
            % {"old": Status(old).label, "new": Status(new).label},
            code="invalid-transition",
            current_status=str(old),
            allowed=sorted(str(status) for status in allowed),
        )
