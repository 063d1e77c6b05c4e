"""Columns of text: those that are kept in the normal form, and those that are compared by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from records.text import (
    LONGEST_COMPARED,
    NameValidator,
    compared,
    is_visible,
    kept,
    kept_name,
)

# django-stubs makes Field generic; at run time it is not.
if TYPE_CHECKING:
    TextColumn = models.Field[str, str]
else:
    TextColumn = object


class NameField(models.CharField):
    """A name or a title: one line that people see in the middle of others."""

    default_validators = [*models.CharField.default_validators, NameValidator()]

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return kept_name(value) if isinstance(value, str) else value


class KeptTextField(models.TextField):
    """A text that people write; where something has to be said, it has to be seen."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return kept(value) if isinstance(value, str) else value

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        if not self.blank and not is_visible(value):
            raise ValidationError(self.error_messages["blank"], code="blank")


class ComparedMixin(TextColumn):
    """Hold the compared form of other columns of the row, each on a line of its own.

    It follows them by itself wherever a whole row is saved. `update_fields` needs its name:
    see `with_compared`.
    """

    def __init__(self, *args: Any, of: Collection[str] = (), **options: Any) -> None:
        self.of = tuple(of)
        super().__init__(*args, **{"editable": False, "default": "", **options})

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "of": self.of}

    def value_for(self, row: models.Model) -> str:
        texts = (compared(getattr(row, name) or "") for name in self.of)
        return "\n".join(filter(None, texts))[:LONGEST_COMPARED]

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        return self.value_for(model_instance) if model_instance else value

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = self.value_for(model_instance)
        setattr(model_instance, self.attname, value)
        return value


class ComparedField(ComparedMixin, models.CharField):
    """A name as it is compared, for filters and for what may exist only once."""


class SearchedField(ComparedMixin, models.TextField):
    """Everything that a search of the row looks through."""


def with_compared(model: type[models.Model], names: Collection[str]) -> set[str]:
    """Return the names of columns, and of those that hold the compared form of any of them."""
    columns = model._meta.concrete_fields
    return {
        *names,
        *(
            each.name
            for each in columns
            if isinstance(each, ComparedMixin) and set(each.of) & set(names)
        ),
    }


def as_kept(model: type[models.Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of columns as they are kept, to be compared with those of a row."""
    return {name: _as_kept(model, name, value) for name, value in values.items()}


def _as_kept(model: type[models.Model], name: str, value: Any) -> Any:
    field = model._meta.get_field(name) if isinstance(value, str) else None
    return field.to_python(value) if isinstance(field, NameField | KeptTextField) else value
