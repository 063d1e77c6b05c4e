"""Fill an empty database: the demo, and whatever rows it lacks. Prints what opens something.

Run by keep.py in a process of its own, with the clock at `MOMENT`.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from typing import Any

import time_machine
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import User, Workgroup
from configuration.values import assign
from messaging.models import Conversation
from tests.upgrade.then import PASSWORD, moment
from tickets.models import Ticket
from tokens.maintenance import due_work
from tokens.models import AccessToken
from tokens.scopes import ROLE_SCOPES
from tokens.verification.refused_counter import refused_calls
from weiyu_site.demo.people import ADMINISTRATOR

AGENT, CUSTOMER = "lina@example.com", "emma@example.net"
CRM = "https://crm.example.com"
DAY = timedelta(days=1)
# Each has once been hard to keep, to compare, to show or to lay out.
TEXTS = [
    "👩‍👩‍👧‍👦 🇨🇳 ✌🏽",
    "שלום, איפה ההזמנה שלי?",
    "مرحبا، أين طلبي؟ English in between",
    "Cafe\u0301 and Café, Å and A\u030a",
    "ﬁne ＦＵＬＬ ｗｉｄｔｈ ①",
    "zero\u200bwidth \u2066isolated\u2069 and soft\u00adhyphen",
    "<script>alert(1)</script> & &amp; <b>bold</b>",
    "C:\\_tmp __init__.py 5*3*2 a_b_c",
    "https://example.com/a?b=1&c=2 and https://例え.jp",
    "' OR 1=1; -- \" \\ %s {{ x }} $1",
    "line\r\nline\nline\tend",
    "x" * 5000,
    "# A heading\n\n- one\n- two\n\n> quoted\n\n```\ncode\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
]


def main() -> None:
    with time_machine.travel(moment(), tick=False):
        call_command("migrate", verbosity=0)
        call_command("seed_demo", verbosity=0)
        people = {user.username: user for user in User.objects.all()}
        assign(SETTINGS, by=Actor(people[ADMINISTRATOR]))
        more_people(people)
        odd_tickets(people)
        known = {"tokens": tokens(people), **sessions()}
        known["repeats"] = repeats(known["tokens"])
        known["forms"] = forms(people, known["sessions"][AGENT])
        refuse(known["tokens"])
        due_work.give_notices()
        refused_calls.write()
        known["links"] = links(known["tokens"])
    refuse_empty_tables()
    json.dump(known, sys.stdout)


SETTINGS = {
    "site_name": "Bücher & 书店 <GmbH>",
    "default_language": "zh-hans",
    "default_time_zone": "Asia/Kathmandu",
    "auto_close_days": 0,
    "all_agents_see_all_tickets": False,
    "token_grace_hours": 48,
    "api_rate_per_minute": 100_000,
}


def more_people(people: dict[str, User]) -> None:
    administrator = Actor(people[ADMINISTRATOR])
    for number, name in enumerate(["Ann-Marie O’Neill", "Ünal Çelik", "田中 太郎", "עדי כהן"]):
        people[name] = User.objects.create_user(
            f"odd{number}.ß@bücher.example", PASSWORD, display_name=name, role=User.Role.AGENT
        )
    team = [people[AGENT].pk, people["田中 太郎"].pk]
    group = Workgroup.objects.set_up(by=administrator, name="Straße ＆ 路", members=team)
    group.edit(by=administrator, description="Edited once.")
    Workgroup.objects.set_up(by=administrator, name="Dissolved").dissolve(by=administrator)


def odd_tickets(people: dict[str, User]) -> None:
    customer, agent = Actor(people[CUSTOMER]), Actor(people[AGENT])
    for number, text in enumerate(TEXTS):
        # In one line, and without the signs that turn the words around it.
        title = " ".join(re.sub("[\u2066\u2069]", "", text).split())[:200]
        ticket = Ticket.objects.open_for(by=customer, title=title, content=text)
        ticket.edit(by=agent, tags=[f"odd-{number}", "Überläufer"], priority="urgent")
        ticket.follow(people[AGENT])
        conversation = Conversation.objects.for_ticket(ticket)
        conversation.post(by=customer, content=text, client_id=f"odd-{number}")
        conversation.post(by=agent, content=f"Note: {text}", internal=True)
    edited, _ = conversation.post(by=agent, content="Before")
    edited.edit(by=agent, content="After an edit")
    recalled, _ = conversation.post(by=agent, content="To be taken back")
    recalled.recall(by=agent)
    conversation.read(by=customer)
    ticket.refresh_from_db()
    ticket.resolve(by=agent)
    ticket.close(by=agent)
    # The requester writes when it is too late: a follow-up.
    conversation.post(by=customer, content="It is still broken.")
    Ticket.objects.open_for(by=customer, title="Deleted", content="x").delete_softly(by=agent)
    chat = Conversation.objects.start(by=customer)
    chat.post(by=customer, content="A chat that ends")
    chat.claim(by=agent)
    chat.close(by=agent)


def tokens(people: dict[str, User]) -> dict[str, str]:
    """Make a token in each state, and one of each kind of restriction; return the secrets."""
    by = Actor(people[ADMINISTRATOR])
    made: dict[str, str] = {}

    def issue(
        name: str, username: str = AGENT, ago: timedelta = 0 * DAY, **options: Any
    ) -> AccessToken:
        options.setdefault("days", 60)
        with time_machine.travel(moment() - ago, tick=False):
            token, made[name] = AccessToken.objects.issue(
                user=people[username], name=name, by=by, **options
            )
        return token

    issue("administrator", ADMINISTRATOR, scopes=sorted(ROLE_SCOPES["administrator"]))
    issue("agent", AGENT, scopes=sorted(ROLE_SCOPES["agent"]))
    issue("customer", CUSTOMER)
    issue("weak", AGENT, scopes=["statistics:read"])
    issue("on pages", domains=["*.example.com", "bücher.example"], allow_missing_referrer=True)
    issue("from a network", networks=["127.0.0.0/8", "2001:db8::/32"])
    issue("from elsewhere", networks=["203.0.113.0/24"])
    issue("described", description="\n\n".join(TEXTS)[:2000])
    issue("expiring", days=2)
    issue("expired", ago=20 * DAY, days=10)
    issue("disabled").disable(by=by, reason="Lost with a laptop")
    enabled = issue("enabled again")
    enabled.disable(by=by)
    enabled.enable(by=by)
    issue("edited").edit(by=by, name="edited ✓", scopes=["tickets:read"])
    _, made["successor"] = issue("in grace").rotate(by=by)
    with time_machine.travel(moment() - 10 * DAY, tick=False):
        _, made["successor of rotated"] = issue("rotated", ago=10 * DAY).rotate(by=by)
    issue("deleted").remove(by=by)
    issue("of somebody inactive", "田中 太郎")
    people["田中 太郎"].deactivate(by=by)
    # Made through a token, by the API.
    body = {"name": "delegated", "scopes": ["tickets:read"]}
    answer = bearer(made["administrator"]).post("/api/tokens/create", body, format="json")
    made["delegated"] = expect(answer, 200).json()["token"]
    return made


def bearer(secret: str, **headers: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}", **headers)
    return client


def expect(answer: Any, status: int) -> Any:
    assert answer.status_code == status, (answer.status_code, answer.content)
    return answer


def sessions() -> dict[str, Any]:
    """Sign people in by password, and lock one out by wrong ones."""
    cookies = {}
    for username in (ADMINISTRATOR, AGENT):
        browser = Client()
        sign_in = {"username": username, "password": PASSWORD}
        expect(browser.post("/agent/login", sign_in, headers={"origin": "http://testserver"}), 302)
        cookies[username] = {name: morsel.value for name, morsel in browser.cookies.items()}
    locked = "tom@example.com"
    for _ in range(5):
        Client().post(
            "/agent/login",
            {"username": locked, "password": "wrong"},
            headers={"origin": "http://testserver"},
        )
    return {"sessions": cookies, "locked": locked}


def repeats(secrets: dict[str, str]) -> list[dict[str, Any]]:
    """Send what may be sent again: its answer is kept."""
    sent = {
        "path": "/api/tickets/create",
        "body": {"title": "Sent twice", "content": "Done once."},
        "key": "of-an-older-release",
    }
    answer = bearer(secrets["agent"]).post(
        sent["path"], sent["body"], format="json", headers={"idempotency-key": sent["key"]}
    )
    return [{**sent, "id": expect(answer, 200).json()["id"]}]


def forms(people: dict[str, User], cookies: dict[str, str]) -> list[dict[str, Any]]:
    """Send a form of the workstation, which may be sent again by a second click."""
    browser = Client()
    browser.cookies.load(cookies)
    form = {
        "title": "A call", "content": "They called.", "priority": "high",
        "requester": people[CUSTOMER].pk, "form_key": "of-an-older-release",
    }  # fmt: skip
    made = expect(browser.post("/agent/tickets/new", form), 303)["Location"]
    return [{"username": AGENT, "path": "/agent/tickets/new", "form": form, "made": made}]


def refuse(secrets: dict[str, str]) -> None:
    """Let calls be refused: such as name a token and such as name none."""
    for name in ("disabled", "expired", "rotated", "of somebody inactive"):
        expect(bearer(secrets[name]).get("/api/user/profile"), 401)
    expect(bearer(secrets["from elsewhere"]).get("/api/user/profile"), 403)
    expect(bearer(secrets["weak"]).get("/api/tickets/list"), 403)
    for page, status in (("https://evil.example", 403), (CRM, 200)):
        client = bearer(secrets["on pages"], HTTP_ORIGIN=page)
        expect(client.get("/api/user/profile"), status)
    expect(bearer(secrets["in grace"]).get("/api/user/profile"), 200)
    for number in range(3):
        expect(bearer(f"not-a-token-{number}").get("/api/user/profile"), 401)


def links(secrets: dict[str, str]) -> list[str]:
    """Sign in by a token's address, and make links that nobody has opened yet."""
    address = f"/agent/auth/login?accessToken={secrets['agent']}"
    Client().get(address, headers={"sec-fetch-dest": "document"})
    made = []
    for target, secret in (("agent", secrets["agent"]), ("admin", secrets["administrator"])):
        answer = bearer(secret).post("/api/login-links", {"target": target}, format="json")
        made.append(expect(answer, 200).json()["url"].removeprefix("http://testserver"))
    return made


# Of Django and axes, which Weiyu does not fill.
LEFT_EMPTY = {
    "admin.LogEntry", "auth.Group", "axes.AccessAttemptExpiration", "axes.AccessFailureLog",
    "axes.AccessLog",
}  # fmt: skip


def refuse_empty_tables() -> None:
    """A table without a row is one whose upgrade nobody would notice to fail."""
    empty = {model._meta.label for model in apps.get_models() if not model._base_manager.exists()}
    assert empty <= LEFT_EMPTY, f"These tables have no rows: {sorted(empty - LEFT_EMPTY)}"
