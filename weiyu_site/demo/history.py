"""Tell the stories through the domain's own methods, spread over the last thirty days.

So the history rows, clocks and figures are those of real work, only that it happened earlier.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User, Workgroup
from messaging.models import Conversation
from tickets.models import Ticket
from tokens.maintenance.expiry_notices import DAYS as NOTICE_DAYS
from tokens.models import AccessToken, ExpiryNotice
from weiyu_site.demo import stories
from weiyu_site.demo.clock import time_is
from weiyu_site.demo.stories import Story, Turn

DAYS = 30
CLOSED_AFTER = timedelta(days=4)

# What the administrator sees to: whoever opens the printed link finds work of their own.
HERS = frozenset({"privacy", "sso", "https"})

CHATS = [
    (
        "emma",
        "tom",
        ["Hello, is somebody there?", "Hi Emma, how can I help?", "Where is my order?"],
    ),
    ("chenjing", "lina", ["你好,请问有货吗?", "您好!有货,今天下单明天发出。", "好的,谢谢"]),
    ("lucas", None, ["Can I talk to somebody about an upgrade?"]),
    ("zhouming", None, ["在吗?想问一下发票的问题"]),
]

# Shorter than the life of what `make run` prints, which may change and delete such a token alone.
A_DAY_AT_THE_FAIR = timedelta(hours=20)
# For whom, name, scopes (None: the default ones), domains, days ago, and whether it is disabled.
TOKENS: list[tuple[str, str, list[str] | None, list[str], int, bool]] = [
    ("lina", "CRM workstation", None, ["crm.example.com"], 27, False),
    ("tom", "Help-desk frame", None, ["*.example.com"], 12, False),
    ("admin", "Nightly report", ["statistics:read"], [], 3, False),
    ("sara", "Old integration", ["tickets:read"], [], 20, True),
    ("admin", "Screen at the fair", ["statistics:read"], [], 0, False),
]


@dataclass
class Teller:
    """The people and workgroups of the demo, and the dice that decide who answers when."""

    people: dict[str, User]
    workgroups: dict[str, Workgroup]
    now: datetime
    dice: random.Random

    def agent_for(self, story: Story) -> User:
        if HERS.intersection(story.tags):
            return self.people["admin"]
        members = self.workgroups[story.workgroup].members if story.workgroup else None
        team = members.order_by("id") if members else User.objects.team().order_by("id")
        return self.dice.choice(list(team.filter(role=User.Role.AGENT)))

    def moments(self, since: datetime, count: int) -> list[datetime]:
        """Return rising moments between `since` and now, as far apart as work usually is."""
        longest = (self.now - since) / (count + 1)
        found, at = [], since
        for _ in range(count):
            usual = timedelta(minutes=self.dice.lognormvariate(math.log(70), 1.0))
            at += min(usual, longest)
            found.append(at)
        return found


def write(people: dict[str, User], workgroups: dict[str, Workgroup]) -> None:
    # The same story every time: a demo that differs at each start cannot be talked about.
    dice = random.Random(7)  # noqa: S311
    teller = Teller(people, workgroups, timezone.now(), dice)
    told = stories.read()
    for place, story in enumerate(told):
        tell(teller, story, opened_at(teller, place, len(told)))
    for place, chat in enumerate(CHATS):
        hold_chat(teller, *chat, since=teller.now - timedelta(hours=30 - 7 * place))
    for token in TOKENS:
        give_token(teller, *token)


def opened_at(teller: Teller, place: int, count: int) -> datetime:
    """Spread the stories over the days, the newest some minutes ago."""
    left = 1 - place / (count - 1)
    jitter = timedelta(minutes=teller.dice.uniform(6, 90))
    return teller.now - timedelta(days=DAYS - 1) * left**1.3 - jitter


def tell(teller: Teller, story: Story, opened: datetime) -> None:
    requester, agent = teller.people[story.requester], teller.agent_for(story)
    with time_is(opened):
        ticket = Ticket.objects.open_for(
            by=Actor(requester),
            title=story.title,
            content=story.content,
            language=requester.language,
        )
        # Customers have no say in these; whoever reads the ticket first sorts it.
        ticket.edit(
            by=Actor.system(),
            priority=story.priority,
            tags=list(story.tags),
            workgroup=teller.workgroups.get(story.workgroup),
        )
    if story.end != "new":
        go_on(teller, story, ticket, agent)


def go_on(teller: Teller, story: Story, ticket: Ticket, agent: User) -> None:
    """Assign the ticket, talk about it, and bring it to its end."""
    # One moment each for the assignment, the entries and the end.
    moments = iter(teller.moments(ticket.created_at, len(story.entries) + 2))
    with time_is(next(moments)):
        ticket.assign(agent, by=Actor(agent))
    entries = list(story.entries)
    # Who comes back to something resolved does so with the last words of the story.
    after = [entries.pop()] if story.end == "reopened" else []
    for entry in entries:
        with time_is(next(moments)):
            write_down(ticket, entry, agent)
    with time_is(next(moments)):
        ENDS[story.end](Ticket.objects.get(pk=ticket.pk), Actor(agent))
    for entry in after:
        with time_is(next(moments)):
            write_down(ticket, entry, agent)
    close_later(teller, ticket, story)


def write_down(ticket: Ticket, entry: Turn, agent: User) -> None:
    author = ticket.requester if entry.sign == ">" else agent
    conversation = Conversation.objects.for_ticket(Ticket.objects.get(pk=ticket.pk))
    conversation.post(by=Actor(author), content=entry.text, internal=entry.sign == "#")


def close_later(teller: Teller, ticket: Ticket, story: Story) -> None:
    """Close what was resolved and left alone, as the site does by itself after a while."""
    ticket.refresh_from_db()
    closes_at = ticket.status_changed_at + CLOSED_AFTER
    if ticket.status != Ticket.Status.RESOLVED:
        return
    if story.end == "closed" or closes_at <= teller.now:
        with time_is(min(closes_at, teller.now)):
            ticket.close(by=Actor.system())


ENDS: dict[str, Callable[[Ticket, Actor], None]] = {
    "open": lambda ticket, by: None,
    "pending": lambda ticket, by: ticket.move_to(Ticket.Status.PENDING, by=by),
    "on_hold": lambda ticket, by: ticket.hold(by=by),
    "resolved": lambda ticket, by: ticket.resolve(by=by),
    "reopened": lambda ticket, by: ticket.resolve(by=by),
    "closed": lambda ticket, by: ticket.resolve(by=by),
    "deleted": lambda ticket, by: ticket.delete_softly(by=by),
    "spam": lambda ticket, by: ticket.close(by=by, reason=Ticket.CloseReason.SPAM),
}


def hold_chat(
    teller: Teller, customer: str, agent: str | None, texts: list[str], *, since: datetime
) -> None:
    """Let a customer and an agent speak in turns; without an agent the chat waits."""
    asks = Actor(teller.people[customer])
    with time_is(since):
        chat = Conversation.objects.start(by=asks)
    for place, text in enumerate(texts):
        with time_is(since + timedelta(minutes=2 * place)):
            if place == 1 and agent:
                chat.claim(by=Actor(teller.people[agent]))
            speaks = Actor(teller.people[agent]) if place % 2 and agent else asks
            chat.post(by=speaks, content=text)


def give_token(
    teller: Teller,
    username: str,
    name: str,
    scopes: list[str] | None,
    domains: list[str],
    days_ago: int,
    disabled: bool,
) -> None:
    """Make a token that nobody holds: lists and notices have something to show."""
    by = Actor(teller.people["admin"])
    with time_is(teller.now - timedelta(days=days_ago)):
        token, _never_shown = AccessToken.objects.issue(
            user=teller.people[username],
            name=name,
            by=by,
            scopes=scopes,
            domains=domains,
            expires_at=None if days_ago else teller.now + A_DAY_AT_THE_FAIR,
        )
    # As if they had been mailed when they were due: nobody reads the mails of a demo.
    ExpiryNotice.objects.bulk_create(
        ExpiryNotice(access_token=token, days=days, at=token.expires_at - timedelta(days=days))
        for days in NOTICE_DAYS
        if token.expires_at - teller.now <= timedelta(days=days)
    )
    if disabled:
        with time_is(teller.now - timedelta(days=2)):
            token.disable(by=by, reason="Replaced by the CRM")
