"""What a deleted ticket holds on to: nothing that a living one needs."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from records.errors import Conflict
from tests.tickets.calls import CREATE, LIST, ids
from tickets.models import Ticket

CRM = {"external_source": "crm", "external_id": "7"}


def test_its_external_id_is_free(open_ticket, carol, as_user):
    client, first = as_user(carol), open_ticket(carol, **CRM)
    client.delete(f"/api/tickets/{first.pk}")

    made = client.post(CREATE, {"title": "T", "content": "C", **CRM})

    assert made.status_code == 200, made.content
    assert ids(client.get(LIST, CRM)) == [made.json()["id"]]
    assert ids(client.get(LIST, {**CRM, "deleted": "only"})) == [first.pk]
    assert client.post(CREATE, {"title": "T", "content": "C", **CRM}).status_code == 400


def test_it_comes_back_where_nobody_took_its_external_id(open_ticket, carol, dora, as_user):
    client, first = as_user(dora), open_ticket(carol, **CRM)
    first.delete_softly(by=Actor(carol))
    second = open_ticket(carol, **CRM)

    refused = client.post(f"/api/tickets/{first.pk}/restore")

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "external_id"
    assert Ticket.objects.get(pk=first.pk).deleted_at is not None
    second.edit(by=Actor(carol), external_id="8")
    assert client.post(f"/api/tickets/{first.pk}/restore").status_code == 200


def test_its_workgroup_is_not_in_use(open_ticket, sales, carol, dora, as_user):
    client = as_user(dora)
    gone, there = open_ticket(carol, workgroup=sales), open_ticket(carol, workgroup=sales)
    gone.delete_softly(by=Actor(carol))

    assert client.delete(f"/api/workgroups/{sales.pk}").json()["code"] == "workgroup-in-use"
    gone.refresh_from_db()
    assert gone.workgroup == sales
    there.delete_softly(by=Actor(carol))
    assert client.delete(f"/api/workgroups/{sales.pk}").status_code == 200
    restored = client.post(f"/api/tickets/{gone.pk}/restore").json()
    assert (restored["id"], restored["workgroup"]) == (gone.pk, None)


def test_a_workgroup_with_a_living_ticket_stays(open_ticket, sales, carol, dora):
    open_ticket(carol, workgroup=sales)

    with pytest.raises(Conflict):
        sales.dissolve(by=Actor(dora))
