"""JSON as RFC 8259 has it, and nothing that a database or a client would choke on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

# No object of the API is deeper than a handful; the limit keeps recursion out of reach.
DEEPEST = 32


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
        data = _decoded(_read(stream))
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


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_doubles,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError as error:
        raise _too_deep() from error
    # Also bytes that are no UTF-8, and integers of more digits than Python reads.
    except ValueError as error:
        raise ParseError(_("The body is not valid JSON."), code="malformed") from error


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
