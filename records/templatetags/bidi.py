"""Names within sentences: what runs from right to left ends where it ends."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def bdi(typed: object) -> SafeString:
    """Isolate what people typed; nothing around it changes its place."""
    return format_html("<bdi>{}</bdi>", typed)
