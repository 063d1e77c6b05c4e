"""What a program does with the client that openapi-python-client writes from the description."""

from __future__ import annotations

import base64
import io
import json
import os

from weiyu_api_client import AuthenticatedClient
from weiyu_api_client.api.tickets import (
    tickets_create,
    tickets_destroy,
    tickets_list,
    tickets_update,
)
from weiyu_api_client.api.user_profile import user_profile_retrieve, user_profile_update
from weiyu_api_client.models import (
    PriorityEnum,
    Problem,
    Profile,
    ProfileFormUpdate,
    Ticket,
    TicketRequest,
    TicketsListStatusItem,
    TicketUpdate,
)
from weiyu_api_client.types import File, Unset

Status = TicketsListStatusItem


def main() -> None:
    client = AuthenticatedClient(os.environ["WEIYU_URL"], os.environ["WEIYU_TOKEN"])
    new = TicketRequest(title="Typed", content="By a program.", priority=PriorityEnum.HIGH)
    ticket = tickets_create.sync(client=client, body=new, idempotency_key="typed-client-py")
    assert isinstance(ticket, Ticket)
    listed = tickets_list.sync_detailed(
        client=client, status=[Status.NEW, Status.PENDING], limit=200, with_count=True
    )
    assert isinstance(listed.parsed, list)

    seen = f'"{ticket.version}"'
    body = TicketUpdate(title="Typed and changed", tags=["typed"])
    changed = tickets_update.sync(ticket.id, client=client, body=body, if_match=seen)
    assert isinstance(changed, Ticket)
    late = tickets_update.sync_detailed(
        ticket.id, client=client, body=TicketUpdate(title="Too late"), if_match=seen
    )
    problem = late.parsed
    assert isinstance(problem, Problem)
    assert not isinstance(problem.current, Unset)

    picture = io.BytesIO(base64.b64decode(os.environ["WEIYU_PICTURE"]))
    form = ProfileFormUpdate(avatar=File(picture, "me.png", "image/png"))
    shown = user_profile_update.sync(client=client, body=form)
    profile = user_profile_retrieve.sync(client=client)
    assert isinstance(shown, Profile)
    assert isinstance(profile, Profile)
    deleted = tickets_destroy.sync(ticket.id, client=client)
    assert isinstance(deleted, Ticket)

    found = {
        "created": [ticket.status.value, ticket.priority.value, ticket.follow_up_of],
        "listed": sorted({each.status.value for each in listed.parsed}),
        "count": int(listed.headers["X-Total-Count"]) == len(listed.parsed),
        "changed": [changed.title, changed.tags, changed.version > ticket.version],
        "late": [late.status_code.value, problem.code, problem.current["title"]],
        "picture": shown.avatar is not None and shown.avatar == profile.avatar,
        "deleted": deleted.id == ticket.id,
    }
    print(json.dumps(found))


main()
