"""What the templates of the workstation draw again and again."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()

HUES = 8
MINUTE, HOUR, DAY = 60, 3600, 86400

# Lines on a field of 24 by 24.
ICONS = {
    "inbox": "M3 13l3-8h12l3 8v6H3zM3 13h5l1.5 3h5l1.5-3h5",
    "plus": "M12 5v14M5 12h14",
    "settings": "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
    "leave": "M14 4H5v16h9M10 12h11M17.5 8.5L21 12l-3.5 3.5",
    "search": "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20",
    "back": "M11 5l-7 7 7 7M4 12h16",
    "panel": "M3 5h18v14H3zM15 5v14",
    "note": "M5 4h14v10l-5 6H5zM14 20v-6h5M8.5 8.5h7M8.5 12h4",
    "close": "M6 6l12 12M18 6L6 18",
    "keys": "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8",
    "empty": "M4 6h16v12H4zM4 7l8 6 8-6",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw a line icon; the text beside it, or the label of its button, says what it means."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        ICONS[name],
    )


@register.filter
def initials(name: object) -> str:
    """Return one or two letters that stand for a person: 张伟 → 张, Ann Lee → AL."""
    words = str(name).partition("@")[0].replace(".", " ").replace("_", " ").split()
    if not words:
        return "?"
    if not words[0][0].isascii():
        return words[0][0]
    return "".join(word[0] for word in [words[0], *words[1:][-1:]]).upper()


@register.filter
def hue(pk: int | str | None) -> int:
    """Return which of the avatar colours belongs to a person."""
    return int(pk or 0) % HUES


@register.filter
def age(moment: datetime | None) -> str:
    """Return how long ago something was, as short as a list needs it."""
    if moment is None:
        return ""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    if seconds < MINUTE:
        return _("now")
    if seconds < HOUR:
        return _("%(count)d min") % {"count": seconds // MINUTE}
    if seconds < DAY:
        return _("%(count)d h") % {"count": seconds // HOUR}
    if seconds < 30 * DAY:
        return _("%(count)d d") % {"count": seconds // DAY}
    return date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")


@register.simple_tag
def moment(at: datetime | None, style: str = "age") -> SafeString:
    """Write a time element: its age, its hour or its date, with the whole of it as a title."""
    if at is None:
        return mark_safe("")
    local = timezone.localtime(at)
    shown = {
        "age": age(at),
        "hour": date_format(local, "H:i"),
        "date": date_format(local, "DATETIME_FORMAT"),
    }[style]
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "DATETIME_FORMAT"),
        shown,
    )


@register.simple_tag
def day_name(day: date) -> str:
    """Return "Today", "Yesterday" or the date."""
    days = (timezone.localdate() - day).days
    if days == 0:
        return _("Today")
    return _("Yesterday") if days == 1 else date_format(day, "DATE_FORMAT")
