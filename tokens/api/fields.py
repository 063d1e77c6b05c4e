"""Fields that need to know what the caller's token may do."""

from __future__ import annotations

from typing import Any, NoReturn

from rest.fields import RelatedIdField
from tokens.api.permissions import need_scope


class KnownIdField(RelatedIdField):
    """The id of a person or workgroup whom the caller may know of.

    Its name stands in the answer, so whoever may not read people names themselves, or whom the
    object names already. Everybody else is refused alike, whether they are there or not.
    """

    def fail(self, key: str, **details: Any) -> NoReturn:
        if key == "does_not_exist":
            need_scope(self.context["request"], "users:read")
        super().fail(key, **details)

    def to_internal_value(self, data: Any) -> Any:
        row = super().to_internal_value(data)
        if row != self.context["request"].user and row.pk != self._present_id():
            need_scope(self.context["request"], "users:read")
        return row

    def _present_id(self) -> int | None:
        instance = getattr(self.parent, "instance", None)
        return None if instance is None else getattr(instance, f"{self.source}_id")
