from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from records.rendered import outdated


class Command(BaseCommand):
    help = (
        "Make the HTML and previews of tickets and messages that an older version made. The server"
        " does it by itself, some every minute and the rest when they are read; this does it at"
        " once. Safe to run beside the server, and to stop."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = 0
        for row in outdated():
            row.render_again()
            done += 1
        if options["verbosity"]:
            self.stdout.write(f"Rendered {done}.")
