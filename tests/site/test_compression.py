"""What goes out compressed, and what must not."""

from __future__ import annotations

import gzip
import re

import pytest
from django.test import Client

from tickets.models import Ticket

GZIP = {"Accept-Encoding": "gzip, br"}


@pytest.fixture
def client_of():
    def sign_in(user) -> Client:
        client = Client(headers=GZIP)
        client.force_login(user)
        return client

    return sign_in


def test_pages_and_fragments_go_out_compressed(carol, dora, client_of):
    fragment = {"HX-Request": "true", "HX-Target": "pane"}
    answers = [
        client_of(carol).get("/agent/tickets"),
        client_of(carol).get("/agent/tickets/new", headers=fragment),
        client_of(dora).get("/admin/"),
        Client(headers=GZIP).get("/agent/login"),
    ]

    for answer in answers:
        assert answer["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer["Vary"]
        assert int(answer["Content-Length"]) < len(gzip.decompress(answer.content)) * 0.7


def test_the_length_of_a_page_does_not_repeat_itself(carol, client_of):
    client = client_of(carol)

    lengths = {len(client.get("/agent/tickets/new").content) for _ in range(12)}

    assert len(lengths) > 3


def test_what_shows_a_token_or_a_code_is_not_compressed(dora, client_of, issue):
    client = client_of(dora)
    page = gzip.decompress(client.get("/admin/tokens/accesstoken/add/").content).decode()
    key = re.search(r'name="form_key" value="([^"]+)"', page)[1]
    form = {"user": dora.pk, "name": "x", "scopes": "tickets:read", "days": "7", "form_key": key}
    shown = client.post("/admin/tokens/accesstoken/add/", form)
    _, secret = issue(dora, domains=["crm.example.com"])
    referer = {"Referer": "https://crm.example.com/", "Sec-Fetch-Dest": "iframe"}
    landing = Client(headers=GZIP).get(f"/agent/auth/login?accessToken={secret}", headers=referer)

    for answer in (shown, landing):
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer
        assert "no-transform" in answer["Cache-Control"]


def test_the_api_goes_out_as_it_is(alice, carol, client_of):
    for number in range(9):
        Ticket.objects.create(requester=alice, title=f"Ticket {number}", content="x" * 200)

    answer = client_of(carol).get("/api/tickets/list")

    assert "Content-Encoding" not in answer
