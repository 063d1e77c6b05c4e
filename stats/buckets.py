"""Read what is in each bucket of a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import DateTimeField, Func, IntegerField, QuerySet

COUNT = Func(template="COUNT(*)", output_field=IntegerField())
START = Func(template="bucket.start_at", output_field=DateTimeField())
END = Func(template="bucket.end_at", output_field=DateTimeField())


@dataclass(frozen=True)
class Figure:
    """A value of all rows that have their moment in a bucket."""

    rows: QuerySet[Any]
    moment: str
    value: Func[Any] = COUNT

    def as_sql(self) -> tuple[str, tuple[Any, ...]]:
        inside = {f"{self.moment}__gte": START, f"{self.moment}__lt": END}
        return as_sql(self.rows.filter(**inside).order_by().values(figure=self.value))


def read(
    figures: Mapping[str, Figure],
    boundaries: list[datetime],
    sets: Mapping[str, QuerySet[Any]],
) -> list[dict[str, Any]]:
    """Return the figures of each bucket, by one query.

    Each is a subquery that reads its own range of an index; to group all rows by their buckets,
    the database would have to sort them first. `sets` are worked out once, under names that the
    figures may use.
    """
    bounds = [connection.ops.adapt_datetimefield_value(each) for each in boundaries]
    named = {name: as_sql(rows) for name, rows in sets.items()}
    columns = [figure.as_sql() for figure in figures.values()]
    values = ", ".join(["(%s, %s)"] * (len(bounds) - 1))
    tables = [f"bucket(start_at, end_at) AS (VALUES {values})"]
    tables += [f"{name}(id) AS {sql}" for name, (sql, _params) in named.items()]
    selected = ", ".join(sql for sql, _params in columns)
    # Nothing of it comes from outside: what is asked for stands in the parameters.
    sql = f"WITH {', '.join(tables)} SELECT {selected} FROM bucket ORDER BY start_at"  # noqa: S608
    params = [bound for pair in pairwise(bounds) for bound in pair]
    params += [each for _sql, given in (*named.values(), *columns) for each in given]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [dict(zip(figures, row, strict=True)) for row in cursor.fetchall()]


def as_sql(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    """Return a query for use inside another; one that can have no rows is null."""
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return "(SELECT NULL)", ()
    return f"({sql})", params
