"""Which of the languages that there are somebody reads."""

from __future__ import annotations

from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

LONGEST_WISH = 500


def asked_for(accept_language: str) -> str:
    """Return the first of our languages that a browser asks for, "" if it asks for none."""
    for code, _weight in parse_accept_lang_header(accept_language[:LONGEST_WISH].lower()):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return ""
