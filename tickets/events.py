"""What this app tells the rest of the site: after commit, to whoever listens.

Listeners may be lost; nothing that must last depends on them.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.dispatch import Signal

ticket_changed = Signal()  # carries ticket_id


def announce(ticket_id: int) -> None:
    """Tell the listeners that a ticket is new or different, once it is committed."""
    # Robust: the change is saved, so a failing listener must not fail the request.
    transaction.on_commit(partial(ticket_changed.send_robust, sender=None, ticket_id=ticket_id))
