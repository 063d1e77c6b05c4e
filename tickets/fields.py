"""A column type of ours: words that have an order."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# django-stubs makes Field generic; at run time it is not.
if TYPE_CHECKING:
    WordField = models.Field[str, str]
else:
    WordField = models.Field


class RankedField(WordField):
    """Hold a word in Python and its place among the choices, from 1, in the database.

    So `ORDER BY`, `gte` and an index follow the meaning (low, medium, high, urgent), not letters.
    """

    def get_internal_type(self) -> str:
        return "SmallIntegerField"

    def get_prep_value(self, value: Any) -> int | None:
        value = super().get_prep_value(value)
        # Plain SQL and expressions speak in ranks already.
        if value is None or isinstance(value, int):
            return value
        return self._ranks[self.to_python(value)]

    def from_db_value(self, value: int | None, expression: object, connection: object) -> Any:
        return None if value is None else self._words[value - 1]

    def to_python(self, value: Any) -> Any:
        if value is None or value in self._ranks:
            return value
        raise ValidationError(
            _("Choose one of: %(choices)s."),
            code="invalid_choice",
            params={"choices": ", ".join(self._words)},
        )

    @cached_property
    def _words(self) -> list[str]:
        return [str(word) for word, _label in self.choices or ()]

    @cached_property
    def _ranks(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self._words, start=1)}
