"""Whether the tables of the database were made by this program, or by another state of it."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from weiyu_site.launch.refusals import end

logger = logging.getLogger(__name__)


def refuse_other_states() -> None:
    """Refuse a database that has seen migrations which this program does not have.

    Raises CommandError with one sentence, and DatabaseError where it does not answer.
    """
    applied = MigrationRecorder(connection).applied_migrations()
    # Apps of others may come and go.
    rooms = (app for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR)
    ours = {room.label for room in rooms}
    known = MigrationLoader(None).disk_migrations
    unknown = sorted(name for name in applied if name[0] in ours and name not in known)
    if unknown:
        raise CommandError(
            "Weiyu cannot start: the database was made by another version of Weiyu (it has "
            f"{'.'.join(unknown[0])}, which this one does not know). Use that version, or begin "
            "with an empty database: another WEIYU_DATA_DIR or WEIYU_DATABASE_URL."
        )


def refuse_missing_tables() -> None:
    """Refuse a database that has not seen all migrations of this program.

    Raises CommandError with one sentence, and DatabaseError where it does not answer.
    """
    applied = MigrationRecorder(connection).applied_migrations()
    missing = sorted(name for name in MigrationLoader(None).disk_migrations if name not in applied)
    if missing:
        raise CommandError(
            "Weiyu cannot start: the database does not have everything that this version needs "
            f"({'.'.join(missing[0])} is missing). Run `python manage.py migrate` first."
        )


def end_on_other_states() -> None:
    """End the process with such a sentence; a database that does not answer may come later."""
    try:
        # Servers load the application from inside their event loop, where Django refuses queries.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(_look).result()
    except CommandError as error:
        end(str(error))
    except DatabaseError as error:
        logger.warning("The database does not answer yet: %s.", type(error).__name__)


def _look() -> None:
    try:
        refuse_other_states()
        refuse_missing_tables()
    finally:
        connection.close()
