"""Make what the rivals need in a filled database; print their tokens for the person with this id.

Run in their settings: `python -m benchmarks.plain.prepare USER_ID`.
"""

from __future__ import annotations

import json
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402
from sesame.utils import get_token  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.plain.models import LeanTicket  # noqa: E402
from tickets.models import Ticket  # noqa: E402

# The ids come out as those of the tickets, for both tables were empty.
COPY = f"""
    INSERT INTO plain_leanticket
        (title, content, status, priority, requester_id, created_at, updated_at)
    SELECT title, content, status,
        CASE priority {
    " ".join(f"WHEN {rank} THEN '{word}'" for rank, word in enumerate(Ticket.Priority.values, 1))
} END,
        requester_id, created_at, updated_at
    FROM tickets_ticket ORDER BY id
"""


def make_lean_tickets() -> None:
    with connection.schema_editor() as editor:
        editor.create_model(LeanTicket)
    with connection.cursor() as cursor:
        cursor.execute(COPY)
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    call_command("migrate", "sessions", verbosity=0)
    make_lean_tickets()
    person = User.objects.get(pk=sys.argv[1])
    print(json.dumps({"jwt": str(AccessToken.for_user(person)), "sesame": get_token(person)}))
