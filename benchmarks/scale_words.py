"""Print, as JSON, what the calls of benchmarks/scale.py name: run in the site's settings."""

from __future__ import annotations

import json
from datetime import timedelta

import django

django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import User, Workgroup  # noqa: E402
from benchmarks.data import allow_many_calls, weiyu_token  # noqa: E402
from tickets.models import Ticket  # noqa: E402
from tokens.scopes import default_scopes  # noqa: E402


def words() -> dict[str, object]:
    administrator = User.objects.get(username="admin@email.com")
    # Of one workgroup of twenty.
    agent = User.objects.filter(role=User.Role.AGENT).order_by("pk").first()
    middle = Ticket.objects.order_by("-pk").values_list("pk", flat=True)[0] // 2
    today = timezone.now().date()
    days = {
        "day": 900, "next_day": 899, "old_first": 759, "old_last": 730, "year_ago": 364,
    }  # fmt: skip
    allow_many_calls()
    return {
        "words": {
            "ticket": middle,
            "customer": Ticket.objects.get(pk=middle).requester_id,
            "agent": agent.pk,
            "group": Workgroup.objects.order_by("pk").values_list("pk", flat=True)[0],
            **{name: str(today - timedelta(days=ago)) for name, ago in days.items()},
        },
        "tokens": {
            "administrator": weiyu_token(
                administrator, scopes=[*default_scopes(administrator.role), "tokens:read"]
            ),
            "agent": weiyu_token(agent),
        },
    }


if __name__ == "__main__":
    print(json.dumps(words()))
