"""Django's `migrate`, which leaves a database of another version alone."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from weiyu_site.launch.database_state import refuse_other_states


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        refuse_other_states()
        super().handle(*args, **options)
