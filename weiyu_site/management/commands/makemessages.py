from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import makemessages


class Command(makemessages.Command):
    help = (
        "Collect the texts of Weiyu into its one catalogue, which has no line numbers and no dates:"
        " two runs over the same texts write the same file. Needs GNU gettext."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(
            locale=["zh_Hans"],
            add_location="file",
            no_wrap=True,
            no_obsolete=True,
            ignore_patterns=[".venv", "data", "tests", "benchmarks"],
        )

    def write_po_file(self, potfile: str, locale: str) -> None:
        super().write_po_file(potfile, locale)
        catalogue = Path(settings.LOCALE_PATHS[0], locale, "LC_MESSAGES", f"{self.domain}.po")
        lines = catalogue.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = (line for line in lines if not line.startswith('"POT-Creation-Date:'))
        catalogue.write_text("".join(kept), encoding="utf-8")
