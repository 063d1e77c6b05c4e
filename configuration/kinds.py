"""The kinds of values that a setting can have, and what each of them accepts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.time_zones import time_zones
from records.text import NameValidator, kept_name

Label = str | Promise
Choices = Sequence[tuple[str, Label]]


class Kind(Protocol):
    """What a setting needs to know of its values: a name for programs, and a check."""

    @property
    def name(self) -> str: ...

    def clean(self, value: Any) -> Any:
        """Return the value as it is stored, or raise ValidationError; never converts types."""


@dataclass(frozen=True)
class Text:
    """One line of text."""

    name: ClassVar[str] = "text"
    longest: int = 120

    def clean(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(_("Give a text."), code="invalid")
        # Control characters, unpaired surrogates and the like have no place in a line of text.
        if any(unicodedata.category(letter) in {"Cc", "Cs", "Cn"} for letter in value.strip()):
            raise ValidationError(
                _("This text has characters that cannot be shown."), code="invalid_character"
            )
        value = kept_name(value)
        if not value:
            raise ValidationError(_("This may not be empty."), code="blank")
        if len(value) > self.longest:
            raise ValidationError(
                _("Use at most %(longest)d characters."),
                code="max_length",
                params={"longest": self.longest},
            )
        NameValidator()(value)
        return value


@dataclass(frozen=True)
class Boolean:
    """Yes or no."""

    name: ClassVar[str] = "boolean"

    def clean(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(_("Give true or false."), code="invalid")
        return value


@dataclass(frozen=True)
class Integer:
    """A whole number within a range, counted in `unit`."""

    name: ClassVar[str] = "integer"
    minimum: int
    maximum: int
    unit: Label

    def clean(self, value: Any) -> int:
        # True is an int in Python; here it is a mistake.
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError(_("Give a whole number."), code="invalid")
        if not self.minimum <= value <= self.maximum:
            raise ValidationError(
                _("Give a number from %(minimum)d to %(maximum)d."),
                code="out_of_range",
                params={"minimum": self.minimum, "maximum": self.maximum},
            )
        return value


@dataclass(frozen=True)
class Choice:
    """One of a few words. `choices` is a function where they come from elsewhere."""

    choices: Choices | Callable[[], Choices]
    name: str = "choice"

    def options(self) -> Choices:
        return self.choices() if callable(self.choices) else self.choices

    def clean(self, value: Any) -> str:
        words = [word for word, _label in self.options()]
        if not isinstance(value, str) or value not in words:
            raise ValidationError(
                _("Choose one of: %(words)s."),
                code="invalid_choice",
                params={"words": ", ".join(words)},
            )
        return value


@dataclass(frozen=True)
class TimeZone:
    """An IANA time zone."""

    name: ClassVar[str] = "time_zone"

    def clean(self, value: Any) -> str:
        if not isinstance(value, str) or value not in time_zones():
            raise ValidationError(
                _("This is no time zone. Use a name like Asia/Shanghai."), code="invalid_time_zone"
            )
        return value


@dataclass(frozen=True)
class Listing:
    """A list of short texts that each match `pattern`, without doubles."""

    name: ClassVar[str] = "list"
    pattern: str
    example: str
    longest: int = 100

    def clean(self, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise ValidationError(_("Give a list of texts."), code="invalid")
        if len(value) > self.longest:
            raise ValidationError(
                _("List at most %(longest)d entries."),
                code="max_length",
                params={"longest": self.longest},
            )
        return list(dict.fromkeys(self._entry(entry) for entry in value))

    def _entry(self, entry: Any) -> str:
        if not isinstance(entry, str) or not re.fullmatch(self.pattern, entry.strip().lower()):
            raise ValidationError(
                _("Each entry must look like %(example)s."),
                code="invalid_entry",
                params={"example": self.example},
            )
        return entry.strip().lower()
