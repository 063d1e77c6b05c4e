"""How many rows there are, at a bounded cost: nobody needs to know whether it is a million."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import QuerySet

MOST_COUNTED = 10_000


class Count(NamedTuple):
    """A number of rows; where it is not exact there are more."""

    number: int
    is_exact: bool


def count(rows: QuerySet[Any]) -> Count:
    """Count rows up to MOST_COUNTED; the database stops there."""
    found = rows.order_by()[: MOST_COUNTED + 1].count()
    return Count(min(found, MOST_COUNTED), found <= MOST_COUNTED)
