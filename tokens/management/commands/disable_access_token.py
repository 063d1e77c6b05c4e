from __future__ import annotations

import itertools
import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actor import Actor
from tokens.models import AccessToken

HINT = re.compile(r"[A-Za-z0-9_-]{6}")


class Command(BaseCommand):
    help = "Disable one AccessToken at once, everywhere. Several matches change nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--id", type=int, help="the token's number")
        which.add_argument("--hint", help="the token's last six characters")
        parser.add_argument("--reason", default="", help="kept in the audit")

    def run_from_argv(self, argv: list[str]) -> None:
        super().run_from_argv(with_hint_joined(argv))

    def handle(self, *args: Any, **options: Any) -> None:
        by_id = options["id"] is not None
        match = {"pk": options["id"]} if by_id else {"hint": options["hint"]}
        found = list(AccessToken.objects.filter(**match).select_related("user"))
        if not found:
            raise CommandError("No token matches; nothing was changed.")
        if len(found) > 1:
            numbers = ", ".join(str(token.pk) for token in found)
            raise CommandError(f"Tokens {numbers} match; name one by --id. Nothing was changed.")
        token = found[0]
        if token.disable(by=Actor.system(), reason=options["reason"]):
            self.stdout.write(f"Disabled token {token.pk}: {token} of {token.user}.")
        else:
            self.stdout.write(f"Token {token.pk} was disabled already.")


def with_hint_joined(typed: list[str]) -> list[str]:
    """Make `--hint -fDb6a` one word: argparse takes a value with a dash in front for an option."""
    words = list(typed)
    for place, (word, value) in enumerate(itertools.pairwise(typed)):
        if word == "--hint" and HINT.fullmatch(value):
            words[place : place + 2] = [f"{word}={value}"]
            break
    return words
