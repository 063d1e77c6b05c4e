"""What this app tells the rest of the site. Sent after commit, to whoever listens."""

from __future__ import annotations

from django.dispatch import Signal

person_changed = Signal()  # carries person_id
