"""The page that asks for a part of itself says its own address, which may be anything."""

from __future__ import annotations

import pytest

from tickets.models import Ticket

UNREADABLE = [
    "http://[", "http://[::1", "http://a]/", "http://[x]/agent/tickets", "//[", "\u2100", "%00",
    "http://x:99999999/agent/tickets/1", "http://x/agent/tickets?" + "a=1&" * 2000, "x" * 9000,
    "http://x/agent/tickets/" + "9" * 30,
]  # fmt: skip


@pytest.mark.parametrize("address", UNREADABLE)
def test_an_unreadable_address_of_the_page_is_none(address, carol, ticket, by_password, part):
    client = by_password(carol)
    headers = {**part("#list"), "HX-Current-URL": address}

    for path in (
        "/agent/tickets",
        f"/agent/tickets/{ticket.pk}",
        f"/agent/tickets/{ticket.pk}/row",
    ):
        assert client.get(path, headers=headers).status_code == 200, path


@pytest.mark.parametrize("address", UNREADABLE)
def test_a_write_is_answered_whatever_page_it_came_from(address, carol, ticket, by_password, part):
    form = {"version": ticket.version, "priority": "urgent"}
    headers = {**part("#pane"), "HX-Current-URL": address}

    answer = by_password(carol).post(f"/agent/tickets/{ticket.pk}/priority", form, headers=headers)

    assert answer.status_code == 200
    assert Ticket.objects.get().priority == "urgent"
