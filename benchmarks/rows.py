"""The rows of a filled database: work of three years, as the domain would have left it.

They are written in bulk, past the domain, so each table's column that is not named here has its
default. Texts are made of words as common as those of a language: a few everywhere, most rare.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import django

django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User, Workgroup  # noqa: E402
from messaging.models import Conversation, Message  # noqa: E402
from records.markup import PREVIEW_LENGTH, VERSION  # noqa: E402
from records.text import compared  # noqa: E402
from tickets.lifecycle import UNRESOLVED  # noqa: E402
from tickets.models import Ticket, TicketEvent  # noqa: E402
from tickets.models.event import stay_of  # noqa: E402
from tickets.models.tag import TicketTag  # noqa: E402
from tokens.models import AccessToken, TokenEvent  # noqa: E402
from tokens.models.audit import ADDRESSES_STAY_WHOLE_FOR  # noqa: E402

BLOCK = 5_000
AGENTS, WORKGROUPS = 200, 20
YEARS = timedelta(days=3 * 365)
TAGS = ["billing", "login", "export", "invoice", "api", "delivery", "refund", "bug", "vip", "sso"]
PRIORITIES = [1, 2, 2, 2, 3, 3, 4]
TURNS = ("customer", "agent", "note", "customer", "agent")
# At which step of the work a ticket came to the status that it has.
LAST_MOVES = {"new": 0, "open": 1, "pending": 5, "resolved": 6, "closed": 7}

Row = dict[str, Any]


def write(tickets: int) -> None:
    # The same rows every time.
    dice = random.Random(11)
    now = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    people = _people(max(100, tickets // 20))
    texts = Texts(dice)
    began = time.monotonic()
    _settings_of_a_bulk_load()
    for first in range(1, tickets + 1, BLOCK):
        block: dict[type[models.Model], list[Row]] = {table: [] for table in TABLES}
        for number in range(first, min(first + BLOCK, tickets + 1)):
            opened = now - YEARS * (1 - number / tickets) ** 1.2 - timedelta(minutes=20)
            story = Story(dice, texts, people, number, opened, now)
            _tell(block, story)
            block[TokenEvent].append(_audited(story, people.tokens[story.agent], now))
        with transaction.atomic():
            for table, rows in block.items():
                _insert(table, rows)
        if (first // BLOCK) % 20 == 0:
            spent = time.monotonic() - began
            print(f"{first + BLOCK - 1:,} tickets, {spent:.0f} s", file=sys.stderr, flush=True)
    _settle()


class People(NamedTuple):
    """The ids of those who take part."""

    agents: range
    customers: range
    # Of each workgroup.
    members: dict[int | None, range]
    # Of each agent: its id and its last characters.
    tokens: dict[int, tuple[int, str]]


class Texts:
    """Sentences of invented words; `refund`, `invoice` and the like stand among the common ones."""

    def __init__(self, dice: random.Random) -> None:
        syllables = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er")]
        rare = ["".join(dice.choices(syllables, k=dice.randint(2, 4))) for _ in range(20_000)]
        common = ["the", "my", "order", "is", "not", "and", "of", "with", "refund", "invoice"]
        words = common + rare
        weights = list(accumulate(1 / (place + 3) for place in range(len(words))))
        self.titles = [self._sentence(dice, words, weights, 6) for _ in range(5_000)]
        self.bodies = [
            " ".join(self._sentence(dice, words, weights, 9) for _ in range(dice.randint(1, 7)))
            for _ in range(10_000)
        ]

    @staticmethod
    def _sentence(dice: random.Random, words: list[str], weights: list[float], length: int) -> str:
        return " ".join(dice.choices(words, cum_weights=weights, k=length)).capitalize() + "."


class Story:
    """What becomes of one ticket: all that its rows say is decided here."""

    def __init__(
        self,
        dice: random.Random,
        texts: Texts,
        people: People,
        number: int,
        opened: datetime,
        now: datetime,
    ) -> None:
        self.number, self.opened = number, opened
        self.requester = dice.choice(people.customers)
        self.workgroup = dice.choice([None, *people.members])
        self.agent = dice.choice(people.members.get(self.workgroup, people.agents))
        self.priority = dice.choice(PRIORITIES)
        self.tags = sorted(dice.sample(TAGS, dice.choice((0, 1, 1, 2))))
        self.title = f"{dice.choice(texts.titles)[:-1]} {number}"
        self.texts = [f"{dice.choice(texts.bodies)} Order {number * 7}." for _ in range(6)]
        gap = min(timedelta(hours=dice.expovariate(0.3)) + timedelta(minutes=2), (now - opened) / 9)
        # Each step of the work a while after the last; none lies in the future.
        self.at = [opened + gap * step for step in range(9)]
        is_old = now - opened > timedelta(days=20)
        end = dice.random()
        if is_old:
            self.status = "closed" if end < 0.985 else "pending"
        else:
            self.status = ("new", "open", "open", "pending", "resolved")[int(end * 5)]


def _tell(block: dict[type[models.Model], list[Row]], story: Story) -> None:
    at, is_taken = story.at, story.status != "new"
    is_resolved = story.status in {"resolved", "closed"}
    is_closed = story.status == "closed"
    answered = at[2] if is_taken else None
    block[Ticket].append({
        "id": story.number, "title": story.title, **_written(story.texts[0]),
        "searched": f"{compared(story.title)}\n{compared(story.texts[0])}",
        "priority": story.priority, "status": story.status,
        "close_reason": "resolved" if is_closed else "",
        "requester_id": story.requester, "assignee_id": story.agent if is_taken else None,
        "workgroup_id": story.workgroup, "tags": json.dumps(story.tags), "channel": "api",
        "created_at": at[0], "updated_at": at[8] if is_taken else at[0],
        "status_changed_at": at[LAST_MOVES[story.status]],
        "first_assigned_at": at[1] if is_taken else None, "first_response_at": answered,
        "first_resolved_at": at[6] if is_resolved else None,
        "resolved_at": at[6] if is_resolved else None, "closed_at": at[7] if is_closed else None,
        "last_message_at": at[5] if is_taken else None,
        "waiting_since": None if is_taken else at[0], "reply_count": 2 if is_taken else 0,
    })  # fmt: skip
    block[TicketTag].extend({"ticket_id": story.number, "name": name} for name in story.tags)
    block[TicketEvent].extend(_events(story, is_taken, is_resolved, is_closed))
    block[Conversation].append({
        "id": story.number, "kind": "ticket", "ticket_id": story.number, "status": "open",
        "last_seq": len(TURNS), "last_public_seq": len(TURNS) - 1,
        "created_at": at[1], "last_message_at": at[5],
    })  # fmt: skip
    public = 0
    for seq, turn in enumerate(TURNS, start=1):
        public += turn != "note"
        from_team = turn != "customer"
        block[Message].append({
            "id": (story.number - 1) * len(TURNS) + seq, "conversation_id": story.number,
            "seq": seq, "public_seq": None if turn == "note" else public,
            "author_id": story.agent if from_team else story.requester, "from_team": from_team,
            "internal": turn == "note", **_written(story.texts[seq]),
            "searched": compared(story.texts[seq]), "created_at": at[seq],
        })  # fmt: skip


def _written(text: str) -> Row:
    """Return a content with what is kept beside it; these texts are plain words of ASCII."""
    html = f'<p dir="auto">{text}</p>'
    return {
        "content": text, "html": html, "preview": text[:PREVIEW_LENGTH].rstrip(),
        # In JSON each has quotes around it, and the HTML a backslash before its own two.
        "html_version": VERSION, "size": len(text) + len(html) + 6,
    }  # fmt: skip


def _events(story: Story, is_taken: bool, is_resolved: bool, is_closed: bool) -> Iterator[Row]:
    def event(verb: str, step: int, **more: Any) -> Row:
        timed = verb in {"first_response", "resolved", "closed"}
        seconds = int((story.at[step] - story.opened).total_seconds()) if timed else None
        return {
            "ticket_id": story.number, "verb": verb, "at": story.at[step], "seconds": seconds,
            "actor_id": story.agent, "workgroup_id": story.workgroup, **more,
        }  # fmt: skip

    def move(verb: str, step: int, old: str, new: str, **more: Any) -> Row:
        since = story.at[LAST_MOVES[old]]
        stay = stay_of(since, story.at[step]) if old in UNRESOLVED else None
        moved = {"field": "status", "old": old, "new": new, "since": since, "stay": stay}
        return event(verb, step, **moved, **more)

    yield event("created", 0, field="status", new="new", actor_id=story.requester)
    if not is_taken:
        return
    yield event("assigned", 1, field="assignee", new=str(story.agent))
    yield move("status", 1, "new", "open")
    yield event("first_response", 2)
    if story.status == "pending":
        yield move("status", 5, "open", "pending")
    if is_resolved:
        yield move("resolved", 6, "open", "resolved")
    if is_closed:
        yield move("closed", 7, "resolved", "closed", detail="resolved")


def _audited(story: Story, token: tuple[int, str], now: datetime) -> Row:
    """Return what the audit has of the agent's work: mostly that they signed in."""
    at, verb = story.at[1], "denied" if story.number % 20 == 0 else "login"
    is_whole = now - at < ADDRESSES_STAY_WHOLE_FOR
    return {
        "at": at, "token_id": token[0], "token_name": "CRM", "hint": token[1],
        "subject_id": story.agent, "verb": verb,
        "cause": "domain-not-allowed" if verb == "denied" else "",
        "address": f"203.0.113.{story.agent % 250 if is_whole else 0}",
        "address_is_whole": is_whole, "origin": "https://crm.example.com",
        "details": json.dumps({"target": "workstation", "kind": "link"}),
    }  # fmt: skip


# In the order in which they refer to each other.
TABLES: tuple[type[models.Model], ...] = (
    Ticket, TicketTag, TicketEvent, Conversation, Message, TokenEvent,
)  # fmt: skip


def _people(customers: int) -> People:
    """Make the administrator, the workgroups, agents and customers; return their ids."""
    User.objects.create_user(
        "admin@email.com", None, role=User.Role.ADMINISTRATOR, display_name="Dana Reed"
    )
    groups = [Workgroup.objects.create(name=f"Workgroup {number}") for number in range(WORKGROUPS)]
    closed = make_password(None)
    found = []
    for role, count in ((User.Role.AGENT, AGENTS), (User.Role.CUSTOMER, customers)):
        made = User.objects.bulk_create(
            (
                User(
                    username=f"{role}{number}@example.com",
                    email=f"{role}{number}@example.com",
                    display_name=f"{role.title()} {number}",
                    role=role,
                    password=closed,
                )
                for number in range(count)
            ),
            batch_size=1_000,
        )
        found.append(range(made[0].pk, made[-1].pk + 1))
    agents, each = found[0], AGENTS // WORKGROUPS
    members: dict[int | None, range] = {}
    for number, group in enumerate(groups):
        members[group.pk] = agents[number * each : (number + 1) * each]
        group.members.add(*members[group.pk])
    return People(agents, found[1], members, _tokens(agents))


def _tokens(agents: range) -> dict[int, tuple[int, str]]:
    """Give each agent a token that nobody has."""
    made = AccessToken.objects.bulk_create(
        AccessToken(
            user_id=agent, name="CRM", digest=f"{agent:064}", hint=f"{agent:06}",
            expires_at=timezone.now() + timedelta(days=90),
        )
        for agent in agents
    )  # fmt: skip
    return {token.user_id: (token.pk, token.hint) for token in made}


# --- Writing ------------------------------------------------------------------------------------


def _settings_of_a_bulk_load() -> None:
    """What is made again when it fails needs no care for crashes."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.execute("PRAGMA cache_size=-1000000")


def _settle() -> None:
    """Let the planner know, and number what comes later from where these rows end."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":
            for table in TABLES:
                name = table._meta.db_table
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'id'),"
                    f" (SELECT max(id) FROM {name}))"
                )
        else:
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _insert(table: type[models.Model], rows: Iterable[Row]) -> None:
    fields = [field for field in table._meta.concrete_fields if not field.generated]
    if not any("id" in row for row in rows):
        fields = [field for field in fields if not field.primary_key]
    names = [field.attname for field in fields]
    defaults = {field.attname: _default(field) for field in fields}
    tuples = (tuple((defaults | row)[name] for name in names) for row in rows)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{table._meta.db_table}" ({columns}) FROM STDIN') as copy:
                for values in tuples:
                    copy.write_row(values)
            return
        places = ", ".join(["%s"] * len(fields))
        cursor.executemany(
            f'INSERT INTO "{table._meta.db_table}" ({columns}) VALUES ({places})',
            [[_for_sqlite(value) for value in values] for values in tuples],
        )


def _default(field: models.Field[Any, Any]) -> Any:
    """Return what the column holds where nobody said anything else."""
    if isinstance(field, models.JSONField):
        return json.dumps(field.get_default())
    return field.get_prep_value(field.get_default())


def _for_sqlite(value: Any) -> Any:
    return str(value.astimezone(UTC))[:-6] if isinstance(value, datetime) else value
