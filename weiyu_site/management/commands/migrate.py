"""Django's `migrate`, which leaves a database of another version alone."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.core.management.commands import migrate

from weiyu_site.launch.database_state import refuse_other_states


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_other_states()
        except ImproperlyConfigured as error:
            raise CommandError(f"Weiyu cannot start: {error}") from error
        super().handle(*args, **options)
