"""What an id may look like, once."""

from __future__ import annotations

LARGEST_ID = 2**63 - 1
