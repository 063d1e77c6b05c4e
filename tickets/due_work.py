"""What happens to tickets by time alone; weiyu_site/due_work.py runs it."""

from __future__ import annotations

from accounts.actor import Actor
from records.errors import Conflict
from tickets.models import Ticket


def close_resolved() -> int:
    """Close what was resolved `auto_close_days` ago and left alone; return how many."""
    closed = 0
    # Read one by one, so that what somebody does meanwhile is seen.
    for pk in list(Ticket.objects.due_to_close().values_list("pk", flat=True)):
        ticket = Ticket.objects.due_to_close().filter(pk=pk).first()
        if ticket is not None and _close(ticket):
            closed += 1
    return closed


def _close(ticket: Ticket) -> bool:
    try:
        ticket.close(by=Actor.system(), expected_version=ticket.version)
    except Conflict:
        # Somebody came first: it is closed, deleted or taken up again.
        return False
    return True
