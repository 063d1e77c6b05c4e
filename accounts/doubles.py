"""Names that were several by their letters, and are one by their compared form.

It reads no column that this version adds, so that it can look at a database of an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from records.text import compared

# What may exist only once: model and column.
NAMES = (("User", "username"), ("Workgroup", "name"))

Row = tuple[int, str]


def doubles_of(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the groups of rows whose names fall together, in the order of ids."""
    groups: dict[str, list[Row]] = {}
    for pk, name in rows:
        groups.setdefault(compared(name), []).append((pk, name))
    return [group for group in groups.values() if len(group) > 1]


def all_doubles(apps: Any) -> dict[str, list[list[Row]]]:
    """Return the groups by the names of models, as `apps` has them."""
    return {
        model: doubles_of(
            apps.get_model("accounts", model)
            .objects.order_by("pk")
            .values_list("pk", column)
            .iterator()
        )
        for model, column in NAMES
    }
