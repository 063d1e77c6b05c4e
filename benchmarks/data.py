"""Migrate and fill a database; print, as JSON, what the callers need.

Run in the site's settings. Rows are written in bulk: the benchmark measures calls, not how the
data came to be.
"""

from __future__ import annotations

import json
import random
import sys
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.actor import Actor  # noqa: E402
from accounts.models import User, Workgroup  # noqa: E402
from configuration.values import assign  # noqa: E402
from tickets.models import Ticket  # noqa: E402
from tickets.models.tag import TicketTag  # noqa: E402
from tokens.models import AccessToken  # noqa: E402

# One token for two connections; none of them comes near the limit of calls.
TOKENS = 8
CONTENT = "The export stops after some rows, and the last page is empty. " * 5


def fill(tickets: int) -> dict[str, object]:
    dice = random.Random(1)
    administrator = User.objects.create_user(
        "admin@email.com", None, role=User.Role.ADMINISTRATOR, display_name="Dana Reed"
    )
    team, customers = people(20, User.Role.AGENT), people(300, User.Role.CUSTOMER)
    groups = [Workgroup.objects.create(name=f"Workgroup {number}") for number in range(5)]
    rows = [ticket(dice, number, team, customers, groups) for number in range(tickets)]
    for row in rows:
        row.render()
    Ticket.objects.bulk_create(rows, batch_size=200)
    TicketTag.objects.bulk_create(
        (TicketTag(ticket=row, name=name) for row in rows for name in row.tags), batch_size=400
    )
    allow_many_calls()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {
        "tokens": [weiyu_token(administrator) for _ in range(TOKENS)],
        "ticket": rows[len(rows) // 2].pk,
        "user": administrator.pk,
    }


def people(count: int, role: str) -> list[User]:
    return User.objects.bulk_create(
        User(
            username=f"{role}{number}@example.com",
            display_name=f"{role.title()} {number}",
            role=role,
            password=make_password(None),
        )
        for number in range(count)
    )


def ticket(
    dice: random.Random,
    number: int,
    team: list[User],
    customers: list[User],
    groups: list[Workgroup],
) -> Ticket:
    made = timezone.now() - timedelta(minutes=30 * (10_000 - number))
    touched = made + timedelta(minutes=dice.randrange(1, 25))
    assignee = dice.choice([None, *team])
    return Ticket(
        title=f"Question {number} about the export of orders",
        content=CONTENT,
        priority=dice.choice(Ticket.Priority.values),
        status=Ticket.Status.OPEN if assignee else Ticket.Status.NEW,
        requester=dice.choice(customers),
        assignee=assignee,
        workgroup=dice.choice([None, *groups]),
        tags=sorted(dice.sample(["api", "export", "invoice", "login"], dice.randrange(3))),
        created_at=made,
        updated_at=touched,
        status_changed_at=touched,
        first_assigned_at=touched if assignee else None,
        last_message_at=touched,
        waiting_since=made,
    )


def allow_many_calls() -> None:
    """Raise the limit of calls as far as the configuration lets it; the counting stays on."""
    assign({"api_rate_per_minute": 100_000}, by=Actor.system())


def weiyu_token(user: User, **options: Any) -> str:
    by = Actor.system()
    return AccessToken.objects.issue(user=user, name="benchmark", by=by, **options)[1]


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    print(json.dumps(fill(int(sys.argv[1]))))
