"""Figures read what is in their period, however much there is outside of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stats.figures import figures
from stats.subject import Subject

START = datetime(2026, 1, 1, tzinfo=UTC)


# PostgreSQL reads small tables as a whole.
@pytest.mark.once
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="asks for the plans of SQLite")
@pytest.mark.parametrize("days", [1, 30])
def test_no_table_is_read_as_a_whole(days, dora, carol):
    boundaries = [START + timedelta(days=day) for day in range(days + 1)]

    for person in (dora, carol):
        with CaptureQueriesContext(connection) as asked:
            figures(Subject.of(person), boundaries)

        with connection.cursor() as cursor:
            plan = [
                step[-1]
                for query in asked
                for step in cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}").fetchall()
            ]
        assert any("COVERING INDEX ticket_event_figures" in step for step in plan)
        assert not [step for step in plan if step.startswith("SCAN tickets_")]
        assert not [step for step in plan if step.startswith("SCAN messaging_")]


@pytest.mark.postgresql
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs PostgreSQL")
def test_no_statement_is_compiled():
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)
