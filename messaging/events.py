"""What this app tells the rest of the site: after commit, to whoever listens.

Listeners may be lost; whoever missed something finds it in the database by its number.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal

message_written = Signal()  # carries conversation_id, message_id
message_changed = Signal()  # edited or recalled; carries conversation_id, message_id
conversation_changed = Signal()  # carries conversation_id


def announce(signal: Signal, **what: Any) -> None:
    """Send `signal` once the transaction is committed."""
    # Robust: the change is saved, so a failing listener must not fail the request.
    transaction.on_commit(partial(signal.send_robust, sender=None, **what))
