from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tokens.models import AccessToken
from weiyu_site.launch import keys

Signers = Mapping[str, tuple[int, datetime]]
# Rows of before the name of the key was kept: any key of the ring may have signed them.
UNKNOWN = ""


class Command(BaseCommand):
    help = (
        "Make a new key that signs AccessTokens, or drop an old one. The new WEIYU_TOKEN_KEYS is"
        " printed alone on standard output and what to do with it on standard error. Never"
        " redirect it onto the very file that is in use: it would be empty before it is read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drop", metavar="KID", help="take this key out instead")
        parser.add_argument(
            "--force", action="store_true", help="drop it although tokens stop working"
        )
        parser.add_argument(
            "--write",
            action="store_true",
            help="put the value into the file that it was read from, and print none of it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        ring, drop = settings.TOKEN_KEYS, options["drop"]
        if options["force"] and drop is None:
            raise CommandError("--force belongs to --drop.")
        file = self._file_to_write() if options["write"] else None
        signers = AccessToken.objects.active().signers()
        self._tell_ring(ring, signers)
        if drop is None:
            taken = AccessToken.objects.values_list("kid", flat=True).distinct()
            changed = keys.with_new_key(ring, taken=set(taken))
            steps = _after_adding(changed, signers)
        else:
            changed = self._without(ring, drop, signers, force=options["force"])
            steps = _after_dropping(drop, changed)
        self._hand_over(changed, file)
        for number, step in enumerate([_first_step(file), *steps], start=1):
            self._say(f"{number}. {step}")

    def _file_to_write(self) -> Path:
        file = keys.ring_file()
        if file is None:
            raise CommandError(
                f"{keys.TOKEN_KEYS} stands in the environment itself, so there is no file to write."
                " Run it without --write and put the value where the environment comes from."
            )
        return file

    def _tell_ring(self, ring: Mapping[str, bytes], signers: Signers) -> None:
        self._say("Keys of the ring; the first one signs, all of them verify:")
        for kid in ring:
            self._say(f"  {kid}: {_counted(signers.get(kid))}")
        if UNKNOWN in signers:
            self._say(f"  made before keys were noted: {_counted(signers[UNKNOWN])}")
        for kid in signers.keys() - ring.keys() - {UNKNOWN}:
            self._say(f"  {kid}, no longer in the ring: {_counted(signers[kid])}, of no use now")

    def _without(
        self, ring: Mapping[str, bytes], kid: str, signers: Signers, *, force: bool
    ) -> dict[str, bytes]:
        if kid not in ring:
            raise CommandError(f"The ring has no key {kid!r}; it has {', '.join(ring)}.")
        if len(ring) == 1:
            raise CommandError(
                f"{kid} is the only key, and without one nothing works. First make a new one:"
                " rotate_token_keys without --drop."
            )
        ending = [signers[signer] for signer in (kid, UNKNOWN) if signer in signers]
        count = sum(number for number, _last in ending)
        if count and not force:
            last = max(last for _number, last in ending)
            raise CommandError(
                f"{_tokens(count)} signed by {kid}, or perhaps by it, would stop working; the last"
                f" one expires {_moment(last)}. Wait for it, or add --force. Nothing was changed."
            )
        if count:
            self._say(f"{_tokens(count)} will stop working.")
        return {name: key for name, key in ring.items() if name != kid}

    def _hand_over(self, ring: Mapping[str, bytes], file: Path | None) -> None:
        if file is None:
            self.stdout.write(keys.ring_text(ring))
            return
        try:
            keys.write_ring(file, ring)
        except OSError as error:
            raise CommandError(
                f"{file} cannot be replaced ({error.strerror}). Nothing was changed. Run it as the"
                " owner of the file, or without --write."
            ) from error

    def _say(self, text: str) -> None:
        self.stderr.write(text, style_func=str)


def _first_step(file: Path | None) -> str:
    if file is not None:
        return f"Done: {file} holds the new value."
    return (
        f"Put the value that was printed into {keys.TOKEN_KEYS}, or into the file that"
        f" {keys.TOKEN_KEYS}_FILE names, where only the server can read it."
    )


def _after_adding(ring: Mapping[str, bytes], signers: Signers) -> list[str]:
    new, *old = ring
    lasts = [last for _count, last in signers.values()]
    when = f"After {_moment(max(lasts))}, when the last of them expires" if lasts else "Then"
    return [
        f"Restart every process. From then on {new} signs; tokens of before stay good.",
        *(
            f"{when}: rotate_token_keys --drop {kid} (if it has leaked: now, with --force)."
            for kid in old
        ),
    ]


def _after_dropping(kid: str, ring: Mapping[str, bytes]) -> list[str]:
    return [
        f"Restart every process. From then on what {kid} signed is refused as not valid, and"
        f" {next(iter(ring))} signs.",
        f"Delete {kid} where copies of it are kept. Never use its name for another key.",
    ]


def _counted(signer: tuple[int, datetime] | None) -> str:
    if signer is None:
        return "no active token"
    count, last = signer
    return f"{_tokens(count)}, the last until {_moment(last)}"


def _tokens(count: int) -> str:
    return f"{count} active token{'' if count == 1 else 's'}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
