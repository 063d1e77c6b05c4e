"""Where the demo may be made, and with which password."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from tickets.models import Ticket
from tokens.models import AccessToken
from weiyu_site.demo import people
from weiyu_site.launch import start


@pytest.mark.django_db
def test_real_data_is_left_alone(alice):
    before = User.objects.count()

    with pytest.raises(CommandError, match="people or tickets of its own"):
        call_command("seed_demo")

    assert User.objects.count() == before
    assert not Ticket.objects.exists()


@pytest.mark.django_db
def test_without_one_a_random_password_is_printed(monkeypatch, capsys):
    monkeypatch.delenv("WEIYU_DEMO_PASSWORD", raising=False)

    call_command("seed_demo")

    password = capsys.readouterr().out.split()[-1]
    assert len(password) >= 16
    assert people.administrator().check_password(password)


@pytest.mark.django_db
def test_no_token_is_made_for_real_people(dora):
    assert start.issue_token() is None
    assert not AccessToken.objects.exists()
