"""The database's own guard of the histories: triggers that refuse to change or delete their rows.

They are made after each `migrate`, not by a migration: SQLite changes a table by making it anew,
and forgets its triggers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import AppConfig
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from records.histories import History

_TRIGGERS = {
    "sqlite": {
        "change": "BEFORE UPDATE ON {table} WHEN ({is_lawful}) IS NOT 1",
        "deletion": "BEFORE DELETE ON {table}",
        # REPLACE deletes the rows in its way without firing the trigger of deletion, unless
        # recursive_triggers is on; so it must find none.
        "replacement": "BEFORE INSERT ON {table} WHEN {is_in_the_way}",
    },
    "postgresql": {
        "rows": "BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW",
        "table": "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
    },
}
_REFUSING = {
    "sqlite": "BEGIN SELECT RAISE(ABORT, '{refusal}'); END",
    "postgresql": "EXECUTE FUNCTION {table}_guard()",
}
_KEY_IS_TAKEN = """
    EXISTS (SELECT 1 FROM {table} WHERE {same_key} AND {condition})
    AND EXISTS (SELECT 1 FROM (SELECT {new_row}) WHERE {condition})
"""
_POSTGRESQL_FUNCTION = """
    CREATE OR REPLACE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND {is_lawful} THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
"""


def guard_after_migrating(*, app_config: AppConfig, using: str, **_: Any) -> None:
    """Make the triggers of a room's histories anew, for the tables as they now are."""
    connection = connections[using]
    for history in histories(app_config.get_models()):
        if _is_current(history, connection):
            with transaction.atomic(using=using):
                unguard(history, connection)
                guard(history, connection)


def histories(candidates: Iterable[type[models.Model]]) -> Iterator[type[History]]:
    """Yield the histories among the models, each table once."""
    for model in candidates:
        if issubclass(model, History) and not model._meta.proxy:
            yield model


def guard(history: type[History], connection: BaseDatabaseWrapper) -> None:
    """Let the database refuse to change or delete rows."""
    words = {
        "table": history._meta.db_table,
        "refusal": history.REFUSAL,
        "is_lawful": _is_lawful(history, connection.vendor),
    }
    if connection.vendor == "postgresql":
        _execute(connection, _POSTGRESQL_FUNCTION.format(**words))
    else:
        words["is_in_the_way"] = _is_in_the_way(history, connection)
    for name, event in _TRIGGERS[connection.vendor].items():
        trigger = f"CREATE TRIGGER {{table}}_{name} {event} {_REFUSING[connection.vendor]}"
        _execute(connection, trigger.format(**words))


def unguard(history: type[History], connection: BaseDatabaseWrapper) -> None:
    """Take the guard away, as emptying a test's database needs it."""
    table = history._meta.db_table
    on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
    for name in _TRIGGERS[connection.vendor]:
        _execute(connection, f"DROP TRIGGER IF EXISTS {table}_{name}{on_table}")


def _is_lawful(history: type[History], vendor: str) -> str:
    """Return the SQL that tells the one lawful change of a row from any other."""
    lawful = history.LAWFUL_CHANGE
    if lawful is None:
        return "false"
    if vendor == "postgresql":
        may_change = f"ARRAY{list(lawful.columns)}"
        rest_stays = f"to_jsonb(NEW) - {may_change} = to_jsonb(OLD) - {may_change}"
    else:
        rest = [column for column in _columns(history) if column not in lawful.columns]
        rest_stays = " AND ".join(f'OLD."{column}" IS NEW."{column}"' for column in rest)
    return f"{rest_stays} AND {lawful.when[vendor]}"


def _is_in_the_way(history: type[History], connection: BaseDatabaseWrapper) -> str:
    """Return the SQL that says whether a row stands where a new one is to be put."""
    # An id that the database has yet to choose is -1 here, and so finds none.
    new_row = ", ".join(f'NEW."{column}" AS "{column}"' for column in _columns(history))
    return " OR ".join(
        _KEY_IS_TAKEN.format(
            table=history._meta.db_table,
            new_row=new_row,
            same_key=" AND ".join(f'"{column}" = NEW."{column}"' for column in columns),
            condition=condition,
        )
        for columns, condition in _unique_keys(history, connection)
    )


def _unique_keys(
    history: type[History], connection: BaseDatabaseWrapper
) -> Iterator[tuple[list[str], str]]:
    """Yield the columns of each unique key, with the condition under which it holds."""
    table = history._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = %s", [table])
        sources = dict(cursor.fetchall())
        constraints = connection.introspection.get_constraints(cursor, table)
    for name, constraint in constraints.items():
        if constraint["unique"] or constraint["primary_key"]:
            _, _, condition = (sources.get(name) or "").partition(" WHERE ")
            yield constraint["columns"], condition or "true"


def _columns(history: type[History]) -> list[str]:
    return [field.column for field in history._meta.concrete_fields if field.column]


def _execute(connection: BaseDatabaseWrapper, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _is_current(history: type[History], connection: BaseDatabaseWrapper) -> bool:
    """Return whether the table stands and has the columns of this program."""
    table = history._meta.db_table
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return False
        found = connection.introspection.get_table_description(cursor, table)
    return {column.name for column in found} == set(_columns(history))
