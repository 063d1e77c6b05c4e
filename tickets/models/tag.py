"""Tags: words that a team sorts its tickets by.

A ticket carries its tags in its own row, so a list of tickets costs no query for them; the rows
here are the index for filters and figures, and hold the compared form: `straße` and `STRASSE` are
one tag. `Ticket` writes both in one transaction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import partial

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from records.errors import invalid_field
from records.text import compared, is_visible

MOST_TAGS = 20
# Ways of writing them that are looked at.
MOST_SPELLINGS = 5 * MOST_TAGS
LONGEST_TAG = 50
# Those of Chinese and Arabic keyboards, too.
SEPARATORS = ",;，；、،؛"

_refusal = partial(invalid_field, "tags")


class TicketTag(models.Model):
    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="tag_rows", db_index=False
    )
    name = models.CharField(_("tag"), max_length=LONGEST_TAG)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [models.UniqueConstraint(fields=["ticket", "name"], name="ticket_tag_once")]
        indexes = [models.Index(fields=["name", "ticket"], name="tag_tickets")]

    def __str__(self) -> str:
        return self.name


def clean_tags(names: Iterable[str]) -> list[str]:
    """Return the tags as they are kept: small letters, each once, in the order of the alphabet."""
    typed = {name.strip() for name in names}
    # Before they are compared, which costs more; several may be one.
    _check_count(typed, MOST_SPELLINGS)
    for name in typed:
        _check_length(name)
    cleaned = sorted({compared(name): _small(name) for name in sorted(typed)}.values())
    _check_count(cleaned, MOST_TAGS)
    for name in cleaned:
        _check(name)
    return cleaned


def compared_tags(names: Iterable[str]) -> set[str]:
    """Return the names of the rows that tags have."""
    return {compared(name) for name in names}


def split_tags(text: str) -> list[str]:
    """Return the tags that somebody typed, parted by the commas of any keyboard."""
    return [name for name in re.split(f"[{SEPARATORS}\n]", text) if name.strip()]


def _small(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).lower().split())


def _check_count(names: Collection[str], most: int) -> None:
    if len(names) > most:
        raise _refusal(gettext("Use at most %(limit)d tags."), "too_many_tags", limit=MOST_TAGS)


def _check_length(name: str) -> None:
    if len(name) > LONGEST_TAG:
        raise _refusal(
            gettext("A tag has at most %(limit)d characters."), "max_length", limit=LONGEST_TAG
        )


def _check(name: str) -> None:
    if not is_visible(name):
        raise _refusal(gettext("A tag may not be empty."), "blank")
    _check_length(name)
    _check_length(compared(name))
    if set(SEPARATORS) & set(name) or not name.isprintable():
        raise _refusal(
            gettext("A tag has no commas, no semicolons and no characters that cannot be seen."),
            "invalid_tag",
        )
