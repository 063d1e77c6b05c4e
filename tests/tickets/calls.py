"""What the tests of the API call, and what they look at."""

from __future__ import annotations

from tickets.models import Ticket

LIST = "/api/tickets/list"
CREATE = "/api/tickets/create"


def ids(response):
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()]


def row_of(ticket):
    return Ticket.objects.values().get(pk=ticket.pk)
