"""(c) The list as fast as Python can answer it here: two statements and one `json.dumps`.

It checks the token's signature, row and person, and leaves out everything else that Weiyu does.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import jwt
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

PLAIN = [
    "id", "title", "content", "status", "close_reason", "requester_id", "assignee_id",
    "workgroup_id", "channel", "language", "external_id", "external_source", "follow_up_of_id",
    "reopen_count", "reply_count", "version",
]  # fmt: skip
MOMENTS = [
    "created_at", "updated_at", "status_changed_at", "first_assigned_at", "first_response_at",
    "first_resolved_at", "resolved_at", "closed_at", "last_message_at", "waiting_since",
]  # fmt: skip
PRIORITIES = ["low", "medium", "high", "urgent"]
NAMES = [name if name == "external_id" else name.removesuffix("_id") for name in PLAIN]

TOKEN = """
    SELECT token.expires_at FROM tokens_accesstoken token
    JOIN accounts_user person ON person.id = token.user_id
    WHERE token.digest = %s AND token.disabled_at IS NULL AND person.is_active
"""
LIST = f"""
    SELECT {", ".join(f"ticket.{name}" for name in [*PLAIN, *MOMENTS])}, ticket.tags,
        ticket.priority,
        COALESCE(NULLIF(requester.display_name, ''), requester.username),
        COALESCE(NULLIF(assignee.display_name, ''), assignee.username), workgroup.name
    FROM tickets_ticket ticket
    JOIN accounts_user requester ON requester.id = ticket.requester_id
    LEFT JOIN accounts_user assignee ON assignee.id = ticket.assignee_id
    LEFT JOIN accounts_workgroup workgroup ON workgroup.id = ticket.workgroup_id
    WHERE ticket.deleted_at IS NULL ORDER BY ticket.id DESC LIMIT 50
"""


def tickets(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        if not is_good(cursor, request.headers["Authorization"].removeprefix("Bearer ")):
            return HttpResponse(status=401)
        cursor.execute(LIST)
        rows = [as_json(row) for row in cursor.fetchall()]
    return HttpResponse(json.dumps(rows), content_type="application/json")


def is_good(cursor: Any, secret: str) -> bool:
    key = settings.TOKEN_KEYS[jwt.get_unverified_header(secret)["kid"]]
    jwt.decode(secret, key, algorithms=["HS384"], options={"verify_sub": False})
    cursor.execute(TOKEN, [hashlib.sha256(secret.encode()).hexdigest()])
    row = cursor.fetchone()
    return row is not None and as_moment(row[0]) > datetime.now(UTC).isoformat()


def as_json(row: tuple[Any, ...]) -> dict[str, Any]:
    plain, moments = len(PLAIN), len(PLAIN) + len(MOMENTS)
    tags, priority, requester, assignee, workgroup = row[moments:]
    return {
        **dict(zip(NAMES, row[:plain], strict=True)),
        **dict(zip(MOMENTS, map(as_moment, row[plain:moments]), strict=True)),
        "number": f"T-{100_000 + row[0]}",
        "tags": json.loads(tags) if isinstance(tags, str) else tags,
        "priority": PRIORITIES[priority - 1],
        "requester_name": requester,
        "assignee_name": assignee,
        "workgroup_name": workgroup,
    }


def as_moment(value: Any) -> str | None:
    """Return ISO 8601 in UTC, from PostgreSQL's moments and from SQLite's texts."""
    if value is None:
        return None
    text = value if isinstance(value, str) else value.astimezone(UTC).isoformat()
    return text.replace(" ", "T").removesuffix("+00:00") + "Z"
