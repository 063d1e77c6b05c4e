"""The database's own guard of the audit: triggers that refuse to change or delete its rows.

One change passes, because it has to: the address of a row older than 90 days becomes its network
(`TokenEvent.objects.cut_addresses`). They are made after each `migrate`, not by a migration:
SQLite changes a table by making it anew, and forgets its triggers.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from tokens.models import TokenEvent
from tokens.models.audit import ADDRESSES_STAY_WHOLE_FOR

TABLE = TokenEvent._meta.db_table
MAY_CHANGE = ("address", "address_is_whole")
# A day less than the rule, because the clocks of server and database differ.
OLD_AFTER = ADDRESSES_STAY_WHOLE_FOR.days - 1
SENTENCE = "Audit rows are never changed or deleted."

_SQLITE_CHANGE = """
    CREATE TRIGGER {table}_change BEFORE UPDATE ON {table} WHEN (
        {the_rest_stays}
        AND OLD.address_is_whole AND NOT NEW.address_is_whole
        AND OLD.at < strftime('%Y-%m-%d %H:%M:%S', 'now', '-{old} days')
        AND CASE
            WHEN OLD.address IS NULL THEN NEW.address IS NULL
            WHEN NEW.address LIKE '%.0' THEN
                NEW.address = rtrim(replace(OLD.address, '::ffff:', ''), '0123456789') || '0'
            ELSE NEW.address LIKE '%::' AND OLD.address LIKE rtrim(NEW.address, ':') || '%'
        END
    ) IS NOT 1 BEGIN SELECT RAISE(ABORT, '{sentence}'); END
"""
_SQLITE_DELETION = """
    CREATE TRIGGER {table}_deletion BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, '{sentence}'); END
"""
_POSTGRESQL_FUNCTION = """
    CREATE OR REPLACE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE'
            AND to_jsonb(NEW) - {may_change} = to_jsonb(OLD) - {may_change}
            AND OLD.address_is_whole AND NOT NEW.address_is_whole
            AND OLD.at < now() - interval '{old} days'
            AND host(NEW.address) IS NOT DISTINCT FROM host(network(set_masklen(
                replace(host(OLD.address), '::ffff:', '')::inet,
                CASE WHEN host(OLD.address) LIKE '%.%' THEN 24 ELSE 48 END
            )))
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '{sentence}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
"""
_POSTGRESQL_ROWS = """
    CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_guard()
"""
_POSTGRESQL_TABLE = """
    CREATE TRIGGER {table}_table BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_guard()
"""


def guard_after_migrating(*, using: str, **_: Any) -> None:
    """Make the triggers anew, for the table as it now is."""
    connection = connections[using]
    if _is_current(connection):
        with transaction.atomic(using=using):
            unguard(connection)
            guard(connection)


def guard(connection: BaseDatabaseWrapper) -> None:
    """Let the database refuse to change or delete audit rows."""
    for statement in _guarding(connection.vendor):
        _execute(connection, statement)


def unguard(connection: BaseDatabaseWrapper) -> None:
    """Take the guard away, as emptying a test's database needs it."""
    for name in ("change", "deletion", "rows", "table"):
        on_table = " ON {table}" if connection.vendor == "postgresql" else ""
        _execute(connection, f"DROP TRIGGER IF EXISTS {{table}}_{name}{on_table}")


def _guarding(vendor: str) -> tuple[str, ...]:
    if vendor == "postgresql":
        return _POSTGRESQL_FUNCTION, _POSTGRESQL_ROWS, _POSTGRESQL_TABLE
    return _SQLITE_CHANGE, _SQLITE_DELETION


def _execute(connection: BaseDatabaseWrapper, statement: str) -> None:
    columns = [field.column for field in TokenEvent._meta.concrete_fields]
    filled = statement.format(
        table=TABLE,
        sentence=SENTENCE,
        old=OLD_AFTER,
        may_change=f"ARRAY{list(MAY_CHANGE)}",
        the_rest_stays=" AND ".join(
            f"OLD.{column} IS NEW.{column}" for column in columns if column not in MAY_CHANGE
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(filled)


def _is_current(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the table stands and has the columns of this program."""
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return False
        found = connection.introspection.get_table_description(cursor, TABLE)
    return {column.name for column in found} == {
        field.column for field in TokenEvent._meta.concrete_fields
    }
