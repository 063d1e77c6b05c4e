"""A list as a CSV file, written row by row while it is read."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from tokens.models import TokenEvent

CHUNK = 2000
# Spreadsheets take a cell that begins like this for a formula, and run it; full-width signs and
# what nobody sees before them do not keep all of them from it.
FORMULAS = ("=", "+", "-", "@")
# Without it they take UTF-8 for the system's own encoding.
BYTE_ORDER_MARK = "\ufeff"

COLUMNS = [
    "id", "at", "what", "token_id", "token_name", "hint", "person_id", "person", "by_id", "by",
    "through_token_id", "cause", "address", "origin", "details",
]  # fmt: skip


def as_csv(events: QuerySet[TokenEvent]) -> StreamingHttpResponse:
    """Return audit rows as a file; `events` has the names that the list shows."""
    rows = (_row(event) for event in events.iterator(chunk_size=CHUNK))
    response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    name = f"audit-{timezone.localdate().isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterable[list[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


def _row(event: Any) -> list[object]:
    return [
        event.pk, event.at, event.verb, event.token_id, event.token_name, event.hint,
        event.subject_id, event.subject_name, event.actor_id, event.actor_name,
        event.through_token_id, event.cause, event.address, event.origin,
        json.dumps(event.details, ensure_ascii=False),
    ]  # fmt: skip


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = "" if value is None else str(value)
    return f"'{text}" if _may_run(text) else text


def _may_run(text: str) -> bool:
    if text.startswith(("\t", "\r", "\n")):
        return True
    seen = (sign for sign in text if unicodedata.category(sign)[0] not in "CZ")
    return unicodedata.normalize("NFKC", next(seen, "")).startswith(FORMULAS)
