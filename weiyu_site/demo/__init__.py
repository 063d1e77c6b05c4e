"""Demo data: people, workgroups and a month of tickets, all made through the domain's own verbs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from typing import Any
from unittest import mock

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User, Workgroup
from messaging.models import Conversation
from tickets.models import Ticket
from weiyu_site.demo.texts import AGENTS, ANSWERS, CUSTOMERS, NOTES, QUESTIONS, THANKS, WORKGROUPS

ADMINISTRATOR = "admin@email.com"
# Who is in the demo data is known by this source; a real database has nobody of it.
SOURCE = "demo"
TICKETS = 42
DAYS = 30
# The same data on every machine.
SEED = 20_250_717


class RealData(Exception):
    """The database holds people or tickets that are not ours."""


def is_there() -> bool:
    return User.objects.filter(external_source=SOURCE).exists()


def refuse_real_data() -> None:
    if User.objects.exists() or Ticket.objects.exists():
        raise RealData


@transaction.atomic
def make(password: str) -> None:
    """Fill an empty database; raises RealData where it is not empty."""
    refuse_real_data()
    dice = random.Random(SEED)  # noqa: S311 - a demo, not a secret
    start = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    with clock_at(start):
        team, customers, workgroups = _people(password)
    moments = sorted(
        start + timedelta(hours=dice.uniform(1, DAYS * 24 - 2)) for _ in range(TICKETS)
    )
    for number, moment in enumerate(moments):
        _ticket(dice, number, moment, team, customers, workgroups)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Let the site believe that it is `moment`, so that its own verbs write a past.

    `timezone.now` looks `datetime` up in its module at each call, so that this one name reaches
    every caller and every default of a field.
    """

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return moment.astimezone(tz)

    with mock.patch("django.utils.timezone.datetime", Clock):
        yield


def _people(password: str) -> tuple[list[User], list[User], list[Workgroup]]:
    def person(username: str, name: str, role: str, **more: Any) -> User:
        return User.objects.create_user(
            username,
            password,
            display_name=name,
            role=role,
            email=username,
            external_source=SOURCE,
            external_id=username,
            **more,
        )

    boss = person(ADMINISTRATOR, "Ada Moreau", User.Role.ADMINISTRATOR)
    agents = [
        person(username, name, User.Role.AGENT, language=language)
        for username, name, language in AGENTS
    ]
    customers = [
        person(username, name, User.Role.CUSTOMER, language=language)
        for username, name, language in CUSTOMERS
    ]
    workgroups = []
    for name, description, members in WORKGROUPS:
        workgroup = Workgroup.objects.create(name=name, description=description)
        workgroup.members.set([agents[index] for index in members])
        workgroups.append(workgroup)
    return [boss, *agents], customers, workgroups


def _ticket(
    dice: random.Random,
    number: int,
    opened: datetime,
    team: list[User],
    customers: list[User],
    workgroups: list[Workgroup],
) -> None:
    """Open one ticket and live through its next hours; the last ones stay as fresh as they are."""
    title, content, group, priority, tags = QUESTIONS[number % len(QUESTIONS)]
    workgroup = workgroups[group]
    customer = dice.choice(customers)
    agent = dice.choice(list(workgroup.members.order_by("id")))
    with clock_at(opened):
        ticket = Ticket.objects.open_for(
            by=Actor(customer), title=title, content=content, priority=priority, channel="api"
        )
        ticket.edit(by=Actor.system(), workgroup=workgroup, tags=tags)
    for moment, verb in _story(dice, number, opened):
        with clock_at(moment):
            ticket = Ticket.objects.get(pk=ticket.pk)
            _live(dice, verb, ticket, customer=customer, agent=agent)


# What happens after a ticket was opened, in turn; short stories leave it to be done.
STORIES: list[list[str]] = [
    ["answer", "thank", "resolve", "close"],
    ["claim", "note", "answer", "resolve"],
    ["answer", "ask", "answer", "resolve"],
    ["claim", "answer", "pend"],
    ["answer", "resolve", "ask"],
    ["claim", "note", "hold"],
    ["answer", "ask"],
    ["claim"],
    ["spam"],
    [],
]


def _story(dice: random.Random, number: int, opened: datetime) -> Iterator[tuple[datetime, str]]:
    moment = opened
    for verb in STORIES[number % len(STORIES)]:
        moment += timedelta(minutes=dice.uniform(4, 600))
        if moment >= timezone.now():
            return
        yield moment, verb


def _live(dice: random.Random, verb: str, ticket: Ticket, *, customer: User, agent: User) -> None:
    by = Actor(agent)
    match verb:
        case "answer":
            _say(ticket, by, dice.choice(ANSWERS))
        case "ask" | "thank":
            _say(ticket, Actor(customer), dice.choice(THANKS))
        case "note":
            _say(ticket, by, dice.choice(NOTES), internal=True)
        case "claim":
            ticket.claim(by=by)
        case "pend":
            ticket.move_to(Ticket.Status.PENDING, by=by)
        case "hold":
            ticket.hold(by=by)
        case "resolve":
            ticket.resolve(by=by)
        case "close":
            ticket.close(by=by)
        case "spam":
            ticket.close(by=by, reason="spam")


def _say(ticket: Ticket, by: Actor, text: str, *, internal: bool = False) -> None:
    Conversation.objects.for_ticket(ticket).post(by=by, content=text, internal=internal)
