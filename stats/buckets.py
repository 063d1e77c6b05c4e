"""Tell the database which bucket a moment belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Func, IntegerField
from django.db.models.expressions import Combinable


class BucketOf(Func):
    """The number of the bucket that holds a moment: 0 for the first, ascending.

    A moment before the first boundary has -1, one at or after the last boundary the number of
    buckets. Found by bisection, so a row costs a few comparisons however many buckets there are.
    """

    output_field = IntegerField()

    def __init__(self, moment: str | Combinable, boundaries: list[datetime]) -> None:
        super().__init__(moment)
        self.boundaries = boundaries

    def as_sql(
        self, compiler: Any, connection: Any, *_: Any, **__: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.source_expressions[0])
        moments = [connection.ops.adapt_datetimefield_value(each) for each in self.boundaries]
        return _bisected(column, tuple(params), moments, 0, len(moments))

    def as_postgresql(
        self, compiler: Any, connection: Any, **_: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.source_expressions[0])
        # Also a bisection, but the database's own.
        return (
            f"width_bucket({column}, %s::timestamptz[]) - 1",
            (*params, self.boundaries),
        )


def _bisected(
    column: str, column_params: tuple[Any, ...], moments: list[Any], low: int, high: int
) -> tuple[str, tuple[Any, ...]]:
    """Return a tree of CASEs that counts the moments that are not after the column, less one."""
    if low == high:
        return str(low - 1), ()
    middle = (low + high) // 2
    left, left_params = _bisected(column, column_params, moments, low, middle)
    right, right_params = _bisected(column, column_params, moments, middle + 1, high)
    sql = f"CASE WHEN {column} < %s THEN {left} ELSE {right} END"
    return sql, (*column_params, moments[middle], *left_params, *right_params)
