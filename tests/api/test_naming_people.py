"""Whoever may not read people finds out neither who is there nor what they are called."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import User, Workgroup
from messaging.models import Conversation
from tests.api.every_call import every_call
from tickets.models import Ticket

NOBODY = 10**9
WEAK = ["tickets:write", "messages:write"]


@pytest.fixture
def everybody(alice, bob, carol, dora, as_user, bearer):
    """Return a client of each kind of caller."""
    return {
        "nobody": APIClient(),
        "stranger": as_user(bob),
        "customer": as_user(alice),
        "agent": as_user(carol),
        "administrator": as_user(dora),
        "weak token": bearer(carol, scopes=WEAK),
        "weak token of an administrator": bearer(dora, scopes=WEAK),
    }


@pytest.fixture
def ticket(alice) -> Ticket:
    return Ticket.objects.open_for(by=Actor(alice), title="No sound", content="Since today.")


def written() -> list[tuple]:
    return [
        *Ticket.objects.order_by("pk").values_list("pk", "version"),
        *Conversation.objects.order_by("pk").values_list("pk", "version"),
    ]


def codes(client: APIClient, method: str, path: str, *bodies) -> list[tuple[int, str]]:
    answers = [getattr(client, method)(path, body) for body in bodies]
    return [(answer.status_code, answer.json().get("code", "")) for answer in answers]


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("post", "/api/tickets/create", "requester"),
        ("post", "/api/tickets/create", "assignee"),
        ("post", "/api/tickets/create", "workgroup"),
        ("patch", "/api/tickets/{ticket}", "requester"),
        ("patch", "/api/tickets/{ticket}", "assignee"),
        ("patch", "/api/tickets/{ticket}", "workgroup"),
        ("post", "/api/tickets/{ticket}/assign", "assignee"),
        ("post", "/api/tickets/{ticket}/assign", "workgroup"),
        ("post", "/api/conversations/create", "requester"),
        ("post", "/api/conversations/create", "workgroup"),
        ("post", "/api/conversations/{chat}/assign", "assignee"),
    ],
)
def test_who_is_there_is_told_to_nobody_who_may_not_read_people(
    method, path, name, ticket, alice, carlos, carol, everybody
):
    chat = Conversation.objects.start(by=Actor(alice))
    group = Workgroup.objects.create(name="Sales")
    eve = User.objects.create_user("eve@example.com")
    there = {"requester": eve, "assignee": carlos, "workgroup": group}[name].pk
    path = path.format(ticket=ticket.pk, chat=chat.pk)
    extra = {"title": "x", "content": "y"} if path == "/api/tickets/create" else {}
    extra |= {"assignee": carol.pk} if path.endswith("assign") and name == "workgroup" else {}
    bodies = [{**extra, name: there}, {**extra, name: NOBODY}]

    for kind in ("nobody", "stranger", "customer"):
        found, missing = codes(everybody[kind], method, path, *bodies)
        assert found == missing, kind
    # What customers have no say in is passed over in their own tickets.
    assert not Ticket.objects.filter(requester=eve).exists()
    assert not Ticket.objects.exclude(assignee=None, workgroup=None).exists()

    for kind in ("weak token", "weak token of an administrator"):
        before = written()
        assert codes(everybody[kind], method, path, *bodies) == [(403, "insufficient-scope")] * 2
        assert written() == before

    found, missing = codes(everybody["administrator"], method, path, *bodies)
    assert (found[0], missing[0]) == (200, 400)


def test_a_weak_token_names_its_person_and_whom_the_ticket_names(ticket, bob, carol, bearer):
    client = bearer(carol, scopes=WEAK)
    address = f"/api/tickets/{ticket.pk}"
    whole = client.get(address).json()

    again = client.put(address, {**whole, "priority": "high"})
    taken = client.patch(address, {"assignee": carol.pk})
    given_back = client.patch(address, {"assignee": None, "workgroup": None})

    assert [again.status_code, taken.status_code, given_back.status_code] == [200, 200, 200]
    assert taken.json()["assignee_name"] == "Carol"
    mine = client.post("/api/tickets/create", {"title": "x", "content": "y", "requester": carol.pk})
    assert mine.json()["requester"] == carol.pk


def test_a_token_does_not_find_out_who_could_have_tokens(carol, dora, bearer, as_user):
    client = bearer(dora, scopes=["tokens:write"])
    bodies = [{"name": "x", "user": carol.pk}, {"name": "x", "user": NOBODY}]

    assert codes(client, "post", "/api/tokens/create", *bodies) == [(403, "beyond-own-token")] * 2
    unnamed = [{"name": "", "user": carol.pk}, {"name": "", "user": NOBODY}]
    assert codes(client, "post", "/api/tokens/create", *unnamed) == [(403, "beyond-own-token")] * 2
    own = f"/api/tokens/{dora.access_tokens.get().pk}"
    moves = [{"user": carol.pk}, {"user": NOBODY}]
    assert codes(client, "patch", own, *moves) == [(403, "beyond-own-token")] * 2
    found, missing = codes(as_user(dora), "post", "/api/tokens/create", *bodies)
    assert (found[0], missing[0]) == (200, 400)


def test_an_avatar_is_for_those_who_may_read_people(
    alice, carol, everybody, bearer, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    data = io.BytesIO()
    Image.new("RGB", (300, 300), "teal").save(data, "PNG")
    for kind in ("customer", "agent"):
        file = SimpleUploadedFile("me.png", data.getvalue(), "image/png")
        everybody[kind].put("/api/user/profile", {"avatar": file}, format="multipart")

    def seen(person: User) -> dict[str, int]:
        path = f"/api/users/{person.pk}/avatar"
        return {kind: client.get(path).status_code for kind, client in everybody.items()}

    assert seen(alice) == {
        "nobody": 401,
        "stranger": 403,
        "customer": 200,
        "agent": 200,
        "administrator": 200,
        "weak token": 403,
        "weak token of an administrator": 403,
    }
    # A token shows its person, as the profile does.
    assert seen(carol) == seen(alice) | {"customer": 403, "weak token": 200}
    assert bearer(alice, scopes=[]).get(f"/api/users/{alice.pk}/avatar").status_code == 200
    assert bearer(alice, scopes=[]).get(f"/api/users/{NOBODY}/avatar").status_code == 403


def test_no_call_tells_a_missing_row_from_a_closed_one(ids, dora, bearer):
    """Who lacks the permission for a family gets one answer for every id of it."""
    client = bearer(dora, scopes=["login:admin"])
    for call in every_call():
        if call.needed in {"profile", "login"} or "{" not in call.path:
            continue
        missing = {family: str(NOBODY) for family in ids}
        answers = {
            getattr(client, call.method)(call.address(known), {}).status_code
            for known in (ids, missing)
        }
        assert answers == {403}, call
