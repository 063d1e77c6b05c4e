"""Thousands of rows of everything, and how much the database reads to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Model

from accounts.actor import Actor
from accounts.models import User, Workgroup
from messaging.models import Conversation
from tickets.models import Ticket
from tokens.models import AccessToken

# Far from the numbers that the database gives to rows of its own.
START = 1_000_000


class Crowd:
    """Copies of one customer with a ticket, a message, a token and a workgroup, in any number."""

    def __init__(self, *, team: User) -> None:
        """Make the originals as people would; `team` is in the workgroup of a third of them."""
        self.count = 0
        self.person = User.objects.create_user("guest@example.com", role=User.Role.CUSTOMER)
        self.group = Workgroup.objects.create(name="Support")
        self.group.members.add(team)
        self.ticket = Ticket.objects.open_for(
            by=Actor.system(), requester=self.person, title="Late", content="It is late.",
            workgroup=self.group, tags=["order"],
        )  # fmt: skip
        self.conversation = Conversation.objects.for_ticket(self.ticket)
        self.message = self.conversation.post(by=Actor(self.person), content="Hello?")[0]
        self.token = AccessToken.objects.issue(
            user=self.person, name="night job", by=Actor.system()
        )[0]

    def grow(self, count: int) -> None:
        """Copy until there are so many copies of each."""
        same = f"{START} + n"
        third = f"CASE WHEN MOD(n, 3) = 0 THEN {self.group.pk} ELSE {START} + MOD(n, 3) END"
        self._copy(self.person, count, username="'guest' || n", username_compared="'guest' || n")
        self._copy(self.group, count, name="'Group ' || n", name_compared="'group ' || n")
        self._copy(self.token, count, user_id=same, digest="'digest' || n", handle="'h' || n")
        self._copy(self.ticket, count, requester_id=same, workgroup_id=third)
        self._copy(self.conversation, count, ticket_id=same)
        self._copy(self.message, count, conversation_id=same, author_id=same)
        self.count = count
        if connection.vendor == "postgresql":
            # As its own housekeeper would; SQLite has none.
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")

    def _copy(self, original: Model, count: int, **different: str) -> None:
        table, primary_key = original._meta.db_table, original._meta.pk.column
        columns = [field.column for field in original._meta.concrete_fields]
        values = {**{column: f't."{column}"' for column in columns}, **different}
        values[primary_key] = f"{START} + n"
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{table}" ({", ".join(map(connection.ops.quote_name, columns))})'
                " WITH RECURSIVE numbers(n) AS"
                " (SELECT %s + 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)"
                f" SELECT {', '.join(values[column] for column in columns)}"
                f' FROM "{table}" t CROSS JOIN numbers WHERE t."{primary_key}" = %s',
                [self.count, count, original.pk],
            )


@contextmanager
def work_of_the_database() -> Iterator[Callable[[], int]]:
    """Yield a function that says how much was read since: rows, or SQLite's own steps.

    Both depend on the queries and the data alone, not on how busy the machine is.
    """
    if connection.vendor == "postgresql":
        before = _rows_read()
        yield lambda: _rows_read() - before
        return
    connection.ensure_connection()
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    connection.connection.set_progress_handler(count, 10)
    try:
        yield lambda: steps[0]
    finally:
        connection.connection.set_progress_handler(None, 0)


def _rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint"
            " FROM pg_stat_xact_user_tables"
        )
        return cursor.fetchone()[0]
