"""A clock that the tests set, so that histories happen when the test says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from accounts.actor import Actor
from messaging.models import Conversation, Message
from tickets.models import Ticket


class Clock:
    """Drive the real domain at moments of the past."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch

    def set(self, moment: str | datetime) -> None:
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        moment = moment.astimezone(UTC)
        self.now = moment
        self._monkeypatch.setattr(timezone, "now", lambda: moment)

    def stop(self) -> None:
        self._monkeypatch.undo()

    def open(self, moment, requester, **options) -> Ticket:
        self.set(moment)
        options = {"by": Actor(requester), "title": "Help", "content": "Please"} | options
        return Ticket.objects.open_for(created_at=self.now, **options)

    def move(self, moment, ticket, status, by, **options) -> None:
        self.set(moment)
        ticket = Ticket.objects.get(pk=ticket.pk)
        ticket.move_to(status, by=Actor(by), **options)

    def write(self, moment, ticket, by, *, internal=False) -> Message:
        self.set(moment)
        ticket = Ticket.objects.get(pk=ticket.pk)
        conversation = Conversation.objects.for_ticket(ticket)
        return conversation.post(by=Actor(by), content="Words", internal=internal)[0]


@pytest.fixture
def clock():
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield Clock(monkeypatch)
