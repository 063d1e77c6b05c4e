"""Look at a database as its people do, and print what is seen.

Run by keep.py and test_upgrade.py in a process of its own. Reads what opens something (fill.py)
from standard input, migrates first, and looks with the clock at `MOMENT`, so that two looks at the
same rows see the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import time_machine
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User, Workgroup
from messaging.models import Message
from tests.upgrade.then import PASSWORD, moment
from tickets.models import Ticket, TicketTag
from tokens.models import AccessToken

LISTS = ("tickets", "conversations", "messages", "users", "workgroups", "tokens", "settings")
WITH_EVENTS = {"tickets", "tokens"}
PERIOD = "from=2026-01-01&to=2027-01-01&tz=UTC"
FIGURES = (
    f"/api/statistics/overview?{PERIOD}",
    *(f"/api/statistics/timeseries?{PERIOD}&group_by={step}" for step in ("day", "month")),
)
SEARCHES = (
    "/api/tickets/list?search=zero",
    "/api/messages/list?search=caf%C3%A9",
    "/api/users/list?search=neill",
)
LOOKING = ("administrator", "agent", "customer", "weak")
# Rows of a list that are looked at one by one as well, the newest: they are the odd ones.
OPENED = 5
OPENED_IN_ADMIN = 2


def look(known: dict[str, Any]) -> dict[str, Any]:
    """Return what is seen, by what was asked."""
    seen: dict[str, Any] = {}
    for who in LOOKING:
        client = bearer(known["tokens"][who])
        seen |= {f"{who} {path}": answer for path, answer in calls(client)}
    texts = known_texts()
    for username, cookies in known["sessions"].items():
        browser = Client()
        browser.cookies.load(cookies)
        for path in (*workstation(username), *administration()):
            seen[f"{username} {path}"] = page(browser, path, texts)
    return {
        "seen": seen,
        "tokens": {name: token(secret) for name, secret in known["tokens"].items()},
        "links": [link(address) for address in known["links"]],
        "passwords": [sign_in(name) for name in (*known["sessions"], known["locked"])],
        "repeats": [repeat(known["tokens"]["agent"], sent) for sent in known["repeats"]],
        "forms": [form(known["sessions"], sent) for sent in known["forms"]],
    }


def bearer(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def calls(client: APIClient) -> Iterator[tuple[str, list[Any]]]:
    """Yield the lists, page for page, and their newest rows one by one, as a caller sees them."""
    yield from ((path, answer(client, path)) for path in (*FIGURES, *SEARCHES, "/api/user/profile"))
    for family in LISTS:
        rows: list[dict[str, Any]] = []
        path = f"/api/{family}/list" + ("" if family == "settings" else "?limit=100")
        while path:
            response = client.get(path)
            yield path, told(response)
            path = next_page(response)
            rows += response.json() if response.status_code == 200 else []
        for row in sorted(rows, key=lambda row: row.get("id", 0))[-OPENED:]:
            one = f"/api/{family}/{row['key' if family == 'settings' else 'id']}"
            yield one, answer(client, one)
            if family in WITH_EVENTS:
                yield f"{one}/events", answer(client, f"{one}/events")


def answer(client: APIClient, path: str) -> list[Any]:
    return told(client.get(path))


def told(response: Any) -> list[Any]:
    return [response.status_code, seen_in(response.json())]


def seen_in(body: Any) -> Any:
    """Return the body without what differs from call to call."""
    if isinstance(body, dict):
        return {name: value for name, value in body.items() if name != "request_id"}
    return body


def next_page(response: Any) -> str:
    for part in response.headers.get("Link", "").split(", "):
        address, _, relation = part.partition("; ")
        if relation == 'rel="next"':
            return address.strip("<>").removeprefix("http://testserver")
    return ""


def workstation(username: str) -> Iterator[str]:
    yield "/agent/"
    yield "/agent/tickets/new"
    person = User.objects.get(username=username)
    for ticket in Ticket.objects.visible_to(person).order_by("-id")[:OPENED]:
        yield f"/agent/tickets/{ticket.pk}"


def administration() -> Iterator[str]:
    yield "/admin/"
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield base
        rows = model._default_manager.order_by("-pk").values_list("pk", flat=True)[:OPENED_IN_ADMIN]
        yield from (f"{base}{pk}/change/" for pk in rows)


def page(browser: Client, path: str, texts: set[str]) -> list[Any]:
    """Return the status of a page, and which of the texts that people wrote stand in it."""
    response = browser.get(path)
    shown = visible_text(response.content.decode())
    return [response.status_code, {text: True for text in sorted(texts) if text in shown}]


def known_texts() -> set[str]:
    """Return what people wrote that pages show as it is, in one line."""
    columns = (
        Ticket.objects.values_list("title"),
        TicketTag.objects.values_list("name"),
        Message.objects.values_list("content"),
        User.objects.values_list("display_name"),
        User.objects.values_list("username"),
        Workgroup.objects.values_list("name"),
        AccessToken.objects.values_list("name"),
        AccessToken.objects.values_list("hint"),
    )
    found = {text for rows in columns for (text,) in rows}
    return {text for text in found if 3 <= len(text) <= 200 and "\n" not in text}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts += [value for name, value in attrs if name == "value" and value]


def visible_text(page: str) -> str:
    parser = _Text()
    parser.feed(page)
    return "\n".join(parser.parts)


def token(secret: str) -> list[Any]:
    response = bearer(secret).get("/api/user/profile")
    return [response.status_code, response.json().get("code", "")]


def link(address: str) -> list[Any]:
    """Open a login link as a browser does, and return where it leads and to whom."""
    browser, top = Client(), {"sec-fetch-dest": "document"}
    shown = browser.get(address, headers=top)
    code = {
        "code": next(
            part
            for part in visible_text(shown.content.decode()).split("\n")
            if part.startswith("wlc_")
        )
    }
    opened = browser.post("/agent/auth/open", code, headers=top)
    return [shown.status_code, opened.status_code, browser.session.get("_auth_user_id")]


def sign_in(username: str) -> list[Any]:
    browser, form = Client(), {"username": username, "password": PASSWORD}
    response = browser.post("/agent/login", form, headers={"origin": "http://testserver"})
    return [username, response.status_code, browser.session.get("_auth_user_id")]


def repeat(secret: str, sent: dict[str, Any]) -> list[Any]:
    """Send again what an older release has answered: it must not be done twice."""
    response = bearer(secret).post(
        sent["path"], sent["body"], format="json", headers={"idempotency-key": sent["key"]}
    )
    return [
        response.status_code,
        response.json().get("id"),
        response.headers.get("Idempotency-Replayed"),
    ]


def form(sessions: dict[str, Any], sent: dict[str, Any]) -> list[Any]:
    browser = Client()
    browser.cookies.load(sessions[sent["username"]])
    response = browser.post(sent["path"], sent["form"])
    return [response.status_code, response.headers.get("Location"), sent["made"]]


def main() -> None:
    known = json.load(sys.stdin)
    with time_machine.travel(moment(), tick=False):
        call_command("migrate", verbosity=0)
        seen = look(known)
    json.dump(seen, sys.stdout, ensure_ascii=False)
