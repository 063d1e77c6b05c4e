"""Fields of forms that take rows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from records.ids import is_id


class RowField(forms.ModelChoiceField):
    """A row by its id in plain digits; the stock field also takes “1_0” for 10."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value and not is_id(value):
            raise ValidationError(
                self.error_messages["invalid_choice"], "invalid_choice", {"value": value}
            )
        return super().to_python(value)
