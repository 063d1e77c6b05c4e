"""What a row of the audit holds beside its columns, in the words of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from tokens.admin.columns import link_to
from tokens.diagnostics.rule_texts import KINDS
from tokens.diagnostics.simulator import TARGET_NAMES
from tokens.models import AccessToken, TokenEvent

# Where no field of a token has the name.
LABELS: dict[str, Promise] = {
    "for": gettext_lazy("acts as"),
    "kind": gettext_lazy("kind"),
    "person": gettext_lazy("acts as"),
    "predecessor": gettext_lazy("The old token"),
    "scope": gettext_lazy("permission"),
    "target": gettext_lazy("opens"),
    "way": gettext_lazy("session kept by"),
}
SESSION_KEPT_BY: dict[str, Promise] = {
    "top": gettext_lazy("a cookie of the tab"),
    "frame": gettext_lazy("a cookie of the frame"),
    "storage": gettext_lazy("the frame's scripts"),
}


def details_of(event: TokenEvent) -> str:
    """Return the details as labels and values, or a dash where there are none."""
    rows = format_html_join("", "<dt>{}</dt><dd>{}</dd>", _rows(event.details))
    return format_html('<dl class="details">{}</dl>', rows) if rows else "–"


def token_by_id(pk: int) -> str:
    """Return the name of a token with a link to it, its number where it is no longer there."""
    token = AccessToken.objects.filter(pk=pk).first()
    return link_to(token) if token else f"#{pk}"


def _rows(details: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, held in details.items():
        if key == "changes":
            for field, (old, new) in held.items():
                yield _label(field), f"{_value(field, old)} → {_value(field, new)}"
        else:
            yield _label(key), _value(key, held)


def _label(key: str) -> str:
    return str(capfirst(str(LABELS.get(key) or _name_of_field(key))))


def _name_of_field(key: str) -> str:
    try:
        return str(cast("Field[Any, Any]", AccessToken._meta.get_field(key)).verbose_name)
    except FieldDoesNotExist:
        return key


def _value(key: str, held: Any) -> str:
    if held in (None, "", []):
        return "–"
    if key in SHOWN:
        return SHOWN[key](held)
    if isinstance(held, bool):
        return _("yes") if held else _("no")
    return ", ".join(map(str, held)) if isinstance(held, list) else str(held)


def _moment(text: str) -> str:
    moment = timezone.localtime(datetime.fromisoformat(text))
    return date_format(moment, "DATETIME_FORMAT")


def _person(pk: int) -> str:
    person = User.objects.filter(pk=pk).first()
    return person.username if person else f"#{pk}"


SHOWN: dict[str, Callable[[Any], str]] = {
    "expires_at": _moment,
    "for": _person,
    "grace_until": _moment,
    "kind": lambda kind: str(KINDS.get(kind, kind)),
    "person": _person,
    "predecessor": token_by_id,
    "successor": token_by_id,
    "target": lambda target: str(TARGET_NAMES.get(target, target)),
    "way": lambda keeper: str(SESSION_KEPT_BY.get(keeper, keeper)),
}
