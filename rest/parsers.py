"""JSON as RFC 8259 has it, and nothing that a database or a client would choke on."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

# No object of the API is deeper than a handful; the limit keeps recursion out of reach.
DEEPEST = 32

_GZIP = b"\x1f\x8b"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_FORM = re.compile(r"[\w.%+\[\]-]+=")
# An object without a mark.
_UTF_16_BRACES = (b"{\0", b"\0{")


class StrictJSONParser(BaseParser):
    """Parse one JSON object of bounded size and depth, without doubled keys, NaN or NUL."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        _refuse_encoded((parser_context or {}).get("request"))
        data = _decoded(_text_of(_read(stream)))
        if not isinstance(data, dict):
            raise ParseError(_("The body must be a JSON object: { … }."), code="object-expected")
        _refuse_oddities(data)
        return data


def _read(stream: IO[Any]) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise RequestDataTooBig
    return bytes(body)


def _refuse_encoded(request: Request | None) -> None:
    coding = request.headers.get("Content-Encoding", "identity") if request else "identity"
    if coding.strip().lower() not in ("", "identity"):
        raise _compressed()


def _text_of(body: bytes) -> str:
    """Return the text of a body in UTF-8, with or without a byte order mark, or say what it is."""
    if body.startswith(_GZIP):
        raise _compressed()
    if body.startswith(_UTF_32):
        raise ParseError(_("The body is UTF-32. Send it in UTF-8."), code="malformed")
    if body.startswith(_UTF_16) or body[:2] in _UTF_16_BRACES:
        raise ParseError(_("The body is UTF-16. Send it in UTF-8."), code="malformed")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = _(
            "The body is not UTF-8: the byte at position %(position)d does not belong there. It "
            "may be Latin-1 or Windows-1252; send it in UTF-8."
        )
        raise ParseError(message % {"position": error.start}, code="malformed") from error


def _compressed() -> UnsupportedMediaType:
    message = _("The body is compressed. Send it as it is, without Content-Encoding.")
    refusal = UnsupportedMediaType("", detail=message)
    refusal.detail = ErrorDetail(message, "content-encoding-unsupported")
    return refusal


def _decoded(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_doubles,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError as error:
        raise _too_deep() from error
    # Also integers of more digits than Python reads.
    except ValueError as error:
        message = _("The body is not valid JSON.")
        if _FORM.match(text):
            message = _('The body is a form, not JSON. Send it as JSON: {"name": …}.')
        raise ParseError(message, code="malformed") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ParseError(_("A name stands twice in one JSON object."), code="doubled-name")
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(_("JSON has no NaN and no Infinity."), code="not-a-number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ParseError(_("A number is too large."), code="not-a-number")
    return number


def _refuse_oddities(data: dict[str, Any]) -> None:
    """Refuse deep nesting, and texts with NUL or half a character, in names and values."""
    waiting: list[tuple[Any, int]] = [(data, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            _refuse_unstorable(value)
        elif isinstance(value, dict | list):
            if depth > DEEPEST:
                raise _too_deep()
            waiting.extend((inner, depth + 1) for inner in value)
            if isinstance(value, dict):
                waiting.extend((inner, depth + 1) for inner in value.values())


def _refuse_unstorable(text: str) -> None:
    if "\0" in text:
        raise ParseError(_("Texts cannot hold the NUL character."), code="null-character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ParseError(_("A text holds half of a surrogate pair."), code="lone-surrogate")


def _too_deep() -> ParseError:
    return ParseError(_("The JSON is nested too deeply."), code="too-deep")
