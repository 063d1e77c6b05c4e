"""Numbers in addresses, as large as a row can have and no larger."""

from __future__ import annotations


class IdConverter:
    """A larger number would not be "not found" but an error of the database."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)
