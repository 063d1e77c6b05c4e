from __future__ import annotations

from accounts.actor import Actor
from tests.tickets.calls import row_of


def test_verbs_and_put_take_the_same_road(ticket, carol, as_user):
    client = as_user(carol)
    address = f"/api/tickets/{ticket.pk}"

    assert client.post(f"{address}/hold").json()["status"] == "on_hold"
    refused = client.put(address, {"status": "pending"})
    assert refused.status_code == 409
    assert refused["Content-Type"] == "application/problem+json"
    problem = refused.json()
    assert problem["code"] == "invalid-transition"
    assert problem["allowed"] == ["closed", "open", "resolved"]
    assert client.put(address, {"status": "on_hold"}).status_code == 200
    assert client.put(address, {"status": "resolved"}).json()["status"] == "resolved"
    assert client.post(f"{address}/resolve").status_code == 409
    assert client.post(f"{address}/reopen").json()["reopen_count"] == 1
    answer = client.post(f"{address}/close", {"reason": "spam"}).json()
    assert (answer["status"], answer["close_reason"]) == ("closed", "spam")


def test_a_reason_without_closing_is_refused(ticket, carol, as_user):
    response = as_user(carol).put(f"/api/tickets/{ticket.pk}", {"close_reason": "spam"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "close_reason"
    assert row_of(ticket)["version"] == 1


def test_one_refused_part_refuses_the_whole(ticket, carol, as_user):
    before = row_of(ticket)

    response = as_user(carol).put(
        f"/api/tickets/{ticket.pk}", {"title": "Other", "tags": ["a"], "status": "new", "x": 1}
    )
    assert response.status_code == 400
    ticket.move_to("open", by=Actor(carol))
    before = row_of(ticket)
    response = as_user(carol).put(
        f"/api/tickets/{ticket.pk}", {"title": "Other", "tags": ["a"], "status": "new"}
    )

    assert response.status_code == 409
    assert row_of(ticket) == before
    assert not ticket.tag_rows.exists()


def test_who_gives_a_ticket_away_still_gets_the_answer(ticket, sales, carol, carlos, as_user):
    response = as_user(carol).post(
        f"/api/tickets/{ticket.pk}/assign", {"assignee": carlos.pk, "workgroup": sales.pk}
    )

    assert response.status_code == 200
    assert response.json()["assignee_name"] == "Carlos"
    assert as_user(carol).get(f"/api/tickets/{ticket.pk}").status_code == 404


def test_the_second_claim_is_told(open_ticket, sales, alice, carol, carlos, as_user):
    sales.members.add(carol)
    ticket = open_ticket(alice, by=Actor(carol), workgroup=sales)
    assert as_user(carol).post(f"/api/tickets/{ticket.pk}/claim").status_code == 200

    response = as_user(carlos).post(f"/api/tickets/{ticket.pk}/claim")

    assert response.status_code == 409
    assert response.json()["code"] == "already-assigned"
    assert row_of(ticket)["assignee_id"] == carol.pk


def test_a_stale_version_is_refused_with_the_present_object(ticket, carol, as_user):
    client = as_user(carol)
    address = f"/api/tickets/{ticket.pk}"
    client.put(address, {"title": "First"})

    for stale in (
        client.put(address, {"title": "Second"}, headers={"if-match": '"1"'}),
        client.put(address, {"title": "Second", "version": 1}),
        client.post(f"{address}/resolve", headers={"if-match": '"1"'}),
        client.delete(address, headers={"if-match": '"1"'}),
    ):
        assert stale.status_code == 412, stale.content
        assert stale.json()["current"]["title"] == "First"

    ticket.refresh_from_db()
    assert (ticket.title, ticket.status, ticket.deleted_at) == ("First", "new", None)
