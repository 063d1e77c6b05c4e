"""What stands on pages of every room: the name of the site, and what went wrong."""

from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.test import Client, RequestFactory

from configuration import values
from weiyu_site import error_views


@pytest.fixture
def acme() -> None:
    """Name the site Acme & Sons, as of the last reading."""
    values.suppose({"site_name": "Acme & Sons"})


@pytest.mark.parametrize(
    "path",
    ["/agent/login", "/admin/login/", "/api/docs", "/nothing", "/agent/auth/login?accessToken=x"],
)
def test_strangers_read_the_name_of_the_site(path, acme, db):
    page = Client().get(path).content.decode()

    assert "Acme &amp; Sons</title>" in page
    assert "Weiyu" not in page


@pytest.mark.parametrize("path", ["/agent/", "/agent/tickets/new", "/admin/", "/admin/accounts/"])
def test_those_who_signed_in_read_it_too(path, acme, dora):
    client = Client()
    client.force_login(dora)

    page = client.get(path).content.decode()

    assert "· Acme &amp; Sons</title>" in page
    assert "Weiyu" not in page


@pytest.mark.parametrize(("path", "start"), [("/admin/x", "/admin/"), ("/agent/x", "/")])
def test_an_error_page_leads_back_to_its_room(path, start, acme):
    answer = error_views.handler404(RequestFactory().get(path), Exception("x"))

    assert answer.status_code == 404
    assert f'href="{start}"' in answer.content.decode()
    assert "weiyu/notice.css" in answer.content.decode()


def test_the_page_of_a_failure_asks_nothing_of_what_may_have_failed(monkeypatch):
    def broken():
        raise DatabaseError("gone")

    values.forget()
    monkeypatch.setattr(values, "read_table", broken)
    request = RequestFactory().get("/agent/")
    request.META["weiyu.request_id"] = "5f0c2d9e7a41b386"

    answer = error_views.handler500(request)

    assert answer.status_code == 500
    assert "5f0c2d9e7a41b386" in answer.content.decode()
    assert "· Weiyu</title>" in answer.content.decode()
