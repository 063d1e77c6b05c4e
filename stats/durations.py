"""Durations summed up by the database: their number, their sum, and percentiles."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Func, TextField

PERCENTILES = (50, 90, 95)


@dataclass
class Summary:
    """Durations in seconds. Percentiles are by nearest rank: one of the durations itself."""

    count: int = 0
    sum: int = 0
    mean: float | None = None
    p50: int | None = None
    p90: int | None = None
    p95: int | None = None

    @classmethod
    def read(cls, summed_up: str | None) -> Self:
        """Take what `SummedUp` answered; of no rows at all SQLite says nothing."""
        count, total, percentiles = json.loads(summed_up or "[0, 0, []]")
        return cls(count, total, round(total / count, 1), *percentiles) if count else cls()


class SummedUp(Func):
    """Count, sum and percentiles of an expression, as JSON; what is null is left out."""

    function = "weiyu_summed_up"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        shares = ", ".join(f"{percent / 100}" for percent in PERCENTILES)
        template = (
            "json_build_array(COUNT(%(expressions)s), SUM(%(expressions)s),"
            f" percentile_disc(ARRAY[{shares}]) WITHIN GROUP (ORDER BY %(expressions)s))::text"
        )
        sql, params = self.as_sql(compiler, connection, template=template, **context)
        return sql, (*params, *params, *params)


class Durations:
    """SQLite's percentiles, of which it has none: it calls this for each row, and in the end."""

    def __init__(self) -> None:
        # Eight bytes each: a period may hold a million.
        self.seconds = array("q")

    def step(self, seconds: int | None) -> None:
        if seconds is not None:
            self.seconds.append(seconds)

    def finalize(self) -> str:
        ordered = sorted(self.seconds)
        count = len(ordered)
        # Nearest rank, in whole numbers: count * percent / 100, rounded up.
        ranks = [ordered[(count * percent + 99) // 100 - 1] for percent in PERCENTILES if count]
        return json.dumps([count, sum(ordered), ranks])


def teach_sqlite(*, connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_aggregate(SummedUp.function, 1, Durations)
