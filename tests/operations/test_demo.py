"""The demo data: made through the domain's methods, once, and never among real data."""

from __future__ import annotations

from datetime import timedelta
from typing import TextIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from accounts.models import User, Workgroup
from messaging.models import Conversation, Message
from tickets.models import Ticket, TicketEvent
from tokens.models import AccessToken
from weiyu_site.demo import people, stories
from weiyu_site.launch import start

PASSWORD = "a password of the operator"


@pytest.fixture(scope="module")
def seeded(django_db_setup, django_db_blocker):
    """Make the demo once for all tests here; what each of them changes is taken back by itself."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as environment:
        environment.setenv("WEIYU_DEMO_PASSWORD", PASSWORD)
        with transaction.atomic():
            call_command("seed_demo", verbosity=0)
            yield
            transaction.set_rollback(True)


@pytest.fixture
def demo(seeded, db, monkeypatch):
    monkeypatch.setenv("WEIYU_DEMO_PASSWORD", PASSWORD)


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (User, Workgroup, Ticket, TicketEvent, Message))


def test_it_shows_a_month_of_work(demo):
    now = timezone.now()

    assert set(Ticket.objects.values_list("status", flat=True)) == set(Ticket.Status.values)
    assert 35 <= Ticket.objects.count() <= 60
    assert Ticket.objects.filter(created_at__lt=now - timedelta(days=25)).exists()
    assert Ticket.objects.filter(created_at__gt=now - timedelta(hours=3)).exists()
    assert Message.objects.filter(internal=True).exists()
    assert Conversation.objects.filter(kind="chat").count() == 4
    assert AccessToken.objects.exclude(disabled_at=None).count() == 1
    assert set(User.objects.values_list("role", flat=True)) == set(User.Role.values)


def test_whoever_opens_the_printed_link_has_work_of_their_own(demo):
    hers = Ticket.objects.mine(people.administrator())

    assert hers.unresolved().count() == 4


def test_every_moment_lies_in_the_past_and_in_order(demo):
    now = timezone.now()

    assert not TicketEvent.objects.filter(at__gt=now).exists()
    assert not Message.objects.filter(created_at__gt=now).exists()
    for ticket in Ticket.objects.all():
        moments = list(ticket.events.order_by("id").values_list("at", flat=True))
        assert moments == sorted(moments)
        assert moments[0] == ticket.created_at
        written = Message.objects.filter(conversation__ticket=ticket).order_by("seq")
        assert [message.created_at for message in written] == sorted(
            message.created_at for message in written
        )


def test_the_clock_runs_again_afterwards(demo):
    before = timezone.now()

    assert Ticket._meta.get_field("created_at").get_default() >= before


def test_it_is_the_same_every_time(demo):
    told = [story.title for story in stories.read()]

    assert list(Ticket.objects.order_by("id").values_list("title", flat=True)) == told


def test_a_second_time_changes_nothing(demo, capsys):
    before = rows()

    call_command("seed_demo")

    assert rows() == before
    assert "there already" in capsys.readouterr().out


def test_the_password_is_the_operators(demo):
    assert people.administrator().check_password(PASSWORD)
    assert people.known_password() == PASSWORD


def test_a_password_that_was_changed_is_not_printed(demo, monkeypatch):
    monkeypatch.setenv("WEIYU_DEMO_PASSWORD", "another one")

    assert people.known_password() is None


def test_each_start_issues_a_token_and_removes_those_of_starts_that_are_over(demo, monkeypatch):
    held: list[TextIO] = []
    monkeypatch.setattr(start, "_held", held)
    start.issue_token()
    start.issue_token()
    ours = AccessToken.objects.filter(name=start.TOKEN_NAME)
    old = ours.earliest("id")
    # The first start ends.
    held.pop(0).close()

    assert start.issue_token()

    assert ours.count() == 2
    assert not ours.filter(pk=old.pk).exists()
    for file in held:
        file.close()
    left = ours.latest("id").expires_at - timezone.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    assert {"login:agent", "login:admin", "tokens:write"} < set(ours.latest("id").scopes)


def test_time_alone_changes_nothing_in_it_at_first(demo, mailoutbox):
    before = rows()

    call_command("run_due_work", verbosity=0)

    assert rows() == before
    assert mailoutbox == []
