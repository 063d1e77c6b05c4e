"""Browsers at the admin: by password, and by a real login link."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import User
from tests.conftest import PASSWORD
from tickets.models import Ticket


@pytest.fixture
def browser() -> Callable[[User], Client]:
    """Return the browser of somebody who signed in with the password."""

    def browser_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return browser_of


@pytest.fixture
def by_link(issue) -> Callable[..., Client]:
    """Return the browser of somebody who opened the admin by a login link."""

    def browser_of(user: User, *, confirmed: bool = False, **settings) -> Client:
        row, secret = issue(user, **settings)
        client = Client()
        answer = client.get(f"/admin/auth/login?accessToken={secret}")
        assert answer.status_code == 303, answer.content
        if confirmed:
            page = "/admin/auth/confirm?next=/admin/"
            assert client.post(page, {"password": PASSWORD}).status_code == 302
        client.token = row
        return client

    return browser_of


@pytest.fixture
def ticket(alice) -> Ticket:
    return Ticket.objects.open_for(
        by=Actor(alice), title="Printer on fire", content="It **burns**."
    )
