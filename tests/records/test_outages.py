"""What passes by itself is told from what is wrong, by the codes of the databases."""

from __future__ import annotations

import errno
import time

import psycopg
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from records.outages import in_one_line, is_outage


def from_postgresql(kind: type[psycopg.Error], wrapped: type[Exception]) -> Exception:
    error = wrapped("told by the server")
    error.__cause__ = kind("told by the server")
    return error


@pytest.mark.parametrize(
    ("cause", "passes"),
    [
        (psycopg.errors.DiskFull, True),
        (psycopg.errors.TooManyConnections, True),
        (psycopg.errors.AdminShutdown, True),
        (psycopg.errors.DeadlockDetected, True),
        (psycopg.errors.LockNotAvailable, True),
        (psycopg.errors.ReadOnlySqlTransaction, True),
        (psycopg.errors.UndefinedTable, False),
        (psycopg.errors.ProgramLimitExceeded, False),
        (psycopg.errors.NumericValueOutOfRange, False),
    ],
)
def test_postgresql_says_it_by_its_state(cause, passes):
    assert is_outage(from_postgresql(cause, DatabaseError)) is passes


def test_a_server_that_does_not_answer_has_no_state():
    assert is_outage(from_postgresql(psycopg.OperationalError, OperationalError))
    assert is_outage(InterfaceError("connection already closed"))


@pytest.mark.parametrize(
    ("number", "passes"), [(errno.ENOSPC, True), (errno.EROFS, True), (errno.ENOENT, False)]
)
def test_the_disk_says_it_by_its_number(number, passes):
    assert is_outage(OSError(number, "told by the system")) is passes


def test_a_wrong_statement_is_no_outage(db):
    with pytest.raises(DatabaseError) as wrong, transaction.atomic():
        connection.cursor().execute("SELECT nothing FROM nowhere")

    assert not is_outage(wrong.value)
    assert not is_outage(None)


def test_the_log_gets_the_first_line_alone():
    error = OperationalError("connection refused\n\tIs the server running?")

    assert in_one_line(error) == "OperationalError: connection refused"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_closed_is_opened_again(bearer, dora, monkeypatch):
    client = bearer(dora)
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (number,) = cursor.fetchone()

    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [number])
    time.sleep(0.5)

    assert client.get("/api/tickets/list").status_code == 200
