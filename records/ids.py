"""What an id may look like, once."""

from __future__ import annotations

LARGEST_ID = 2**63 - 1


def is_id(text: str) -> bool:
    """Return whether `text` is a number that the id of a row can be: ASCII digits alone."""
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_ID
