"""Work that falls due by time alone: by command, and by the server itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from weiyu_site import due_work


@pytest.fixture
def rooms(monkeypatch) -> Callable[[str, list[str]], None]:
    """Return a function that gives a room other work: `rooms("tickets", ["a.b"])`."""
    for room in apps.get_app_configs():
        monkeypatch.setattr(room, "due_work", [], raising=False)
    return lambda room, work: monkeypatch.setattr(apps.get_app_config(room), "due_work", work)


def two() -> int:
    return 2


def broken() -> int:
    raise RuntimeError("It broke.")


def test_all_that_is_declared_can_be_called():
    declared = dict(due_work.declared())

    assert "tickets.due_work.close_resolved" in declared
    assert all(callable(work) for work in declared.values())


@pytest.mark.django_db
def test_the_command_tells_how_much_was_done(rooms, capsys):
    rooms("tickets", [f"{__name__}.two"])

    call_command("run_due_work")

    assert capsys.readouterr().out == f"{__name__}.two: 2\n"


def test_what_fails_keeps_nothing_else_from_being_done(rooms, capsys, caplog):
    rooms("accounts", [f"{__name__}.broken"])
    rooms("tickets", [f"{__name__}.two"])

    with pytest.raises(CommandError, match=r"This failed, see the log: .*broken"):
        call_command("run_due_work")

    assert capsys.readouterr().out == f"{__name__}.two: 2\n"
    assert "RuntimeError: It broke." in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_timer_goes_on_after_a_failure_until_it_is_stopped(rooms, caplog):
    rooms("tickets", [f"{__name__}.broken"])
    timer = due_work.Timer(every=0.01)

    timer.start()
    deadline = time.monotonic() + 5
    while caplog.text.count("Due work failed") < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    timer.stop()

    assert "due-work" not in [thread.name for thread in threading.enumerate()]


RESOLVED_LONG_AGO = """
from datetime import timedelta
from django.utils import timezone
from accounts.actor import Actor
from accounts.models import User
from tickets.models import Ticket
alice = User.objects.get(username="alice@example.com")
ticket = Ticket.objects.open_for(by=Actor(alice), title="Old", content="Old")
ticket.resolve(by=Actor.system())
Ticket.objects.filter(pk=ticket.pk).update(resolved_at=timezone.now() - timedelta(days=9))
"""


@pytest.mark.server
def test_a_server_without_redis_does_it_by_itself(serving, tmp_path):
    with serving(tmp_path, {"WEIYU_REDIS_URL": ""}) as site:
        site.manage("shell", "--no-imports", "-c", RESOLVED_LONG_AGO)

        site.restart()

        deadline = time.monotonic() + 30
        while "tickets.due_work.close_resolved did 1." not in site.log():
            assert time.monotonic() < deadline, site.log()
            time.sleep(0.1)
