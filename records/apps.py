from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RecordsConfig(AppConfig):
    name = "records"
    due_work = ["records.rendered.catch_up"]

    def ready(self) -> None:
        from records.triggers import guard_after_migrating

        post_migrate.connect(guard_after_migrating)
