"""A row that every call reads: the SQL for it is worked out once, not at each call."""

from __future__ import annotations

import threading
from typing import Any

from django.apps import apps
from django.db import connection


class PreparedLookup(threading.local):
    """The one row that has a value in the column `by`, and the row behind its key `relation`.

    It is what `select_related(relation).get(by=…)` returns, but Django takes several times as
    long to write such a statement as databases take to answer it. Each thread keeps its own, for
    each has a connection of its own.
    """

    def __init__(self, model: str, *, by: str, relation: str) -> None:
        self._names_of_both = (model, by, relation)
        self._sql = ""

    def get(self, value: Any) -> Any:
        if not self._sql:
            self._prepare(*self._names_of_both)
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [value])
            found = cursor.fetchone()
        if found is None:
            raise self._model.DoesNotExist
        (values,) = self._converted([found])
        row = self._model.from_db(connection.alias, self._own, values[: len(self._own)])
        related = self._key.related_model.from_db(
            connection.alias, self._others, values[len(self._own) :]
        )
        self._key.set_cached_value(row, related)
        return row

    def _prepare(self, model: str, by: str, relation: str) -> None:
        self._model: Any = apps.get_model(model)
        self._key: Any = self._model._meta.get_field(relation)
        query = self._model.objects.filter(**{by: ""}).select_related(relation).query
        compiler: Any = query.get_compiler(connection=connection)
        sql, _ = compiler.as_sql()
        columns = [column for column, _, _ in compiler.select]
        names = [column.target.attname for column in columns]
        end = len(self._model._meta.concrete_fields)
        self._own, self._others = names[:end], names[end:]
        converters = compiler.get_converters(columns)
        self._converted = lambda rows: compiler.apply_converters(rows, converters)
        self._sql = sql
