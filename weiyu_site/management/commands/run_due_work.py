from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from weiyu_site import due_work


class Command(BaseCommand):
    help = (
        "Do what has fallen due by time alone, such as closing tickets that were resolved days ago."
        " Safe to run in two places at once. A server without Redis does it by itself; beside"
        " several processes let a timer run this every few minutes."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, failed = due_work.run()
        if options["verbosity"]:
            for path, count in done.items():
                self.stdout.write(f"{path}: {count}")
        if failed:
            raise CommandError(f"This failed, see the log: {', '.join(failed)}")
