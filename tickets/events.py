"""What this app tells the rest of the site: after commit, to whoever listens.

Listeners may be lost; nothing that must last depends on them.
"""

from __future__ import annotations

from django.dispatch import Signal

ticket_changed = Signal()  # carries ticket_id
