"""One record is one line, and no line holds a token."""

from __future__ import annotations

import logging
import sys

import pytest
from django.core.exceptions import DisallowedHost, PermissionDenied
from hypothesis import given
from hypothesis import strategies as st

from weiyu_site.edge import request_ids
from weiyu_site.edge.logs import CallersFault, LineFormatter

TOKEN = "eyJhbGciOiJIUzM4NCJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


def line(message, *args, exc_info=None):
    record = logging.LogRecord("weiyu", logging.INFO, __file__, 1, message, args, exc_info)
    return LineFormatter().format(record)


@given(st.text())
def test_a_caller_cannot_begin_a_line(text):
    written = line("Host: %s", text)

    assert len(written.splitlines()) == 1
    assert written.isprintable() or written.encode("utf-8")
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in written)


def test_a_long_value_is_cut_and_the_rest_of_the_message_stays():
    assert line("Host %s from %d", "x" * 400, 7).endswith(f": Host {'x' * 300}… from 7")


def test_numbers_and_mappings_are_formatted_as_ever():
    assert line("%d of %.1f", 3, 4.0).endswith("weiyu: 3 of 4.0")
    assert line("%(a)s", {"a": "b"}).endswith("weiyu: b")
    assert line("100%").endswith("weiyu: 100%")


def test_tokens_are_masked_in_messages_arguments_and_tracebacks():
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        written = line(f"Tried {TOKEN} %s", "y" * 290 + TOKEN, exc_info=sys.exc_info())

    assert "eyJ" not in written
    assert written.count("masked-token") >= 2
    assert "ValueError: bad token masked-token" in written
    assert "\n" not in written


def test_the_request_id_stands_in_the_line():
    mark = request_ids.current.set("abc-1")
    try:
        assert " INFO [abc-1] weiyu: Hello" in line("Hello")
    finally:
        request_ids.current.reset(mark)
    assert " INFO [-] weiyu: Hello" in line("Hello")


@pytest.mark.parametrize("error", [PermissionDenied("no"), DisallowedHost("evil.example")])
def test_what_callers_may_not_do_has_no_traceback(error):
    record = logging.LogRecord(
        "django.request", logging.ERROR, __file__, 1, "Forbidden", (), (type(error), error, None)
    )

    assert CallersFault().filter(record)
    assert (record.levelname, record.exc_info) == ("WARNING", None)
