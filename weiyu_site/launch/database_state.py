"""Whether the tables of the database were made by this program, or by another state of it."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def refuse_other_states() -> None:
    """Refuse a database that has seen migrations which this program does not have.

    Raises ImproperlyConfigured with one sentence, and DatabaseError where it does not answer.
    """
    applied = set(MigrationRecorder(connection).applied_migrations())
    unknown = sorted(applied - set(MigrationLoader(None).disk_migrations))
    if unknown:
        raise ImproperlyConfigured(
            f"the database was made by another version of Weiyu (it has {'.'.join(unknown[0])}, "
            "which this one does not know). Use that version, or begin with an empty database: "
            "another WEIYU_DATA_DIR or WEIYU_DATABASE_URL."
        )
