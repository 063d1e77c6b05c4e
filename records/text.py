"""What may be in texts that people type."""

from __future__ import annotations

# Databases compare a search with every letter of every text.
LONGEST_SEARCH = 200
