"""The normal forms of texts: what is kept, and what is compared.

Kept is NFC: the words as they were typed, each character in its one spelling. Compared is NFKC
with case folded and without what cannot be seen, so that `JÖRG`, `jörg` (also with a combining
mark) and `ｊöｒｇ` are one name on every database. Ids that other systems gave are neither: they
are kept and compared as they came.
"""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext_lazy as _

# Databases compare a search with every letter of every text.
LONGEST_SEARCH = 200

# What is compared of a text; a longer one is known by its beginning.
LONGEST_COMPARED = 100_000
# UAX #15 (stream-safe text): more marks on one letter are in no language, and sorting them costs
# the square of their number.
MOST_MARKS = 30

# Default_Ignorable_Code_Point of DerivedCoreProperties.txt (Unicode 16).
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Embeddings, overrides and isolates: they turn what stands behind them, in names beyond their end.
# Marks (U+200E, U+200F, U+061C) turn nothing but themselves, and right-to-left names need them.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Categories of what leaves no ink: controls, formats, half characters and separators.
_INKLESS = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})
_BLANK_BRAILLE = "\u2800"


def kept(text: str) -> str:
    """Return the text as it is kept."""
    if text.isascii() or len(_with_few_marks(text)) < len(text):
        return text
    return unicodedata.normalize("NFC", text)


def kept_name(name: str) -> str:
    """Return a name or title as it is kept; one that nobody could see is none."""
    name = kept(name).strip()
    return name if is_visible(name) else ""


def compared(text: str) -> str:
    """Return what two texts have in common that are the same to people; spaces count once."""
    if text.isascii():
        text = text.lower()
    else:
        # One character may stand for eighteen, and no call may cost more than a text does.
        text = _with_few_marks(_IGNORABLE.sub("", text[:LONGEST_COMPARED]))
        # Folding and normalising each undo something of the other; after two rounds both rest.
        text = _IGNORABLE.sub("", unicodedata.normalize("NFD", text))
        text = _normal_fold(_normal_fold(text)[:LONGEST_COMPARED])
    return " ".join(text.split())


def _normal_fold(text: str) -> str:
    return _IGNORABLE.sub("", unicodedata.normalize("NFKC", text.casefold()))


def _with_few_marks(text: str) -> str:
    """Return the text without the marks that no letter has."""
    if len(text) <= MOST_MARKS:
        return text
    found, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MOST_MARKS:
            found.append(character)
    return "".join(found)


def is_visible(text: str) -> bool:
    """Return whether anything of the text can be seen."""
    return any(
        unicodedata.category(character) not in _INKLESS and character != _BLANK_BRAILLE
        for character in _IGNORABLE.sub("", text)
    )


@deconstructible
class NameValidator:
    """Refuse names and titles that read otherwise than they are written, or compare too long."""

    def __init__(self, longest_compared: int | None = None) -> None:
        self.longest_compared = longest_compared

    def __call__(self, name: str) -> None:
        if turning := _TURNING.search(name):
            raise ValidationError(
                _(
                    "Leave out the character U+%(number)s: it turns the direction of the words "
                    "around it."
                ),
                code="turning_character",
                params={"number": f"{ord(turning[0]):04X}"},
            )
        longest = self.longest_compared
        if longest and (len(name) > longest or len(compared(name)) > longest):
            raise ValidationError(
                _("Use at most %(longest)d characters; some of these stand for several."),
                code="max_length",
                params={"longest": self.longest_compared},
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NameValidator) and self.longest_compared == other.longest_compared

    def __hash__(self) -> int:
        return hash(self.longest_compared)
