from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from accounts.actor import Actor
from tokens.models import AccessToken
from tokens.signing.scanner import Found, Scanner

STDIN = "-"
FOUND, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = (
        "Find AccessTokens of this system in files, folders and logs, gzip too, by verifying their"
        " signatures; without --disable no database is asked. Tells file, line and the last six"
        " characters, never the token. Ends with 1 if one was found, else with 2 if something could"
        " not be read, else with 0. Symbolic links inside a folder are not followed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="+", help="a file, a folder, or - for standard input")
        parser.add_argument(
            "--disable", action="store_true", help="disable at once every token that is found"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.trouble, self.places, self.seen = 0, 0, set[str]()
        scanner = Scanner(settings.TOKEN_KEYS)
        for path in options["path"]:
            for file in [path] if path == STDIN else self._files(Path(path)):
                self._scan(scanner, str(file), disable=options["disable"])
        self._say(
            f"Tokens: {len(self.seen)}, places: {self.places},"
            f" unreadable files and folders: {self.trouble}."
        )
        if self.places or self.trouble:
            sys.exit(FOUND if self.places else UNREADABLE)

    def _files(self, path: Path) -> Iterator[Path]:
        """Yield a file, or the plain files below a folder: no links, devices or pipes."""
        if not path.is_dir():
            yield path
            return
        for folder, folders, names in os.walk(path, onerror=self._tell_trouble):
            folders.sort()
            for file in (Path(folder, name) for name in sorted(names)):
                if file.is_file() and not file.is_symlink():
                    yield file

    def _scan(self, scanner: Scanner, file: str, *, disable: bool) -> None:
        try:
            with _opened(file) as stream:
                for found in scanner.scan(stream):
                    self._tell(_shown(file), found, disable=disable)
        except (OSError, EOFError, zlib.error) as error:
            self._tell_trouble(error, file)

    def _tell(self, file: str, found: Found, *, disable: bool) -> None:
        end = datetime.fromtimestamp(found.expires, tz=UTC)
        verb = "expires" if end > timezone.now() else "expired"
        self.stdout.write(
            f"{file}:{found.line}: AccessToken …{found.hint}, key {found.kid},"
            f" {verb} {end:%Y-%m-%d %H:%M} UTC"
        )
        self.places += 1
        if disable and found.digest not in self.seen:
            self.stdout.write(f"  {_disable(found.digest, f'{file}:{found.line}')}")
        self.seen.add(found.digest)

    def _tell_trouble(self, error: Exception, file: str = "") -> None:
        self.trouble += 1
        name = file or getattr(error, "filename", "") or ""
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self._say(f"{_shown(name)}: {reason}")

    def _say(self, text: str) -> None:
        self.stderr.write(text, style_func=str)


def _opened(file: str) -> AbstractContextManager[BufferedReader]:
    if file == STDIN:
        return nullcontext(cast(BufferedReader, sys.stdin.buffer))
    return Path(file).open("rb")


def _disable(digest: str, place: str) -> str:
    """Disable the token and return what came of it."""
    token = AccessToken.objects.select_related("user").filter(digest=digest).first()
    if token is None:
        return "It is not in this database, so it opens nothing here."
    if token.disable(by=Actor.system(), reason=f"Found by scan_for_tokens in {place}"[:200]):
        return f"Disabled token {token.pk}: {token} of {token.user}."
    return f"Token {token.pk} was disabled already."


def _shown(file: str) -> str:
    """Return a file's name as one line that any terminal can show."""
    text = os.fsencode(file).decode("utf-8", "backslashreplace")
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
