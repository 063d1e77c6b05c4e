"""Measure what calls cost among 10,000 tickets and among 1,000,000: `make bench-scale`.

For each database two servers of the same kind, one over each size; what is not there is filled
first (benchmarks/fill.py), which takes half an hour for the large one. They take turns at every
call, one at a time, so that a machine which slows down slows both. docs/benchmarks.md has figures.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.fill import filled

SMALL, LARGE = 10_000, 1_000_000
ADMINISTRATOR, AGENT = "administrator", "agent"


@dataclass(frozen=True)
class Call:
    """One request; `who` sends it, with a token to the API and with a session to a page."""

    name: str
    target: str
    who: str = ADMINISTRATOR
    body: dict[str, Any] | None = None
    status: int = 200


# In the words of the guide. `{…}` is filled in from what stands in each database.
CALLS = [
    Call("one ticket", "/api/tickets/{ticket}"),
    Call("its history", "/api/tickets/{ticket}/events"),
    Call("its messages", "/api/messages/list?ticket={ticket}"),
    Call("create a ticket", "/api/tickets/create", body={"title": "One more", "content": "Hello"}),
    Call(
        "write a message", "/api/messages/create", body={"ticket": "{ticket}", "content": "Hello"}
    ),
    Call("log in by URL", "/agent/auth/login?accessToken={token}", status=303),
    Call("list of tickets", "/api/tickets/list"),
    Call("list of tickets", "/api/tickets/list", AGENT),
    Call("… with its count", "/api/tickets/list?with_count=true"),
    Call("… with its count", "/api/tickets/list?with_count=true", AGENT),
    Call("… by priority", "/api/tickets/list?ordering=-priority"),
    Call("… changed last", "/api/tickets/list?ordering=-updated_at", AGENT),
    Call("… that wait longest", "/api/tickets/list?ordering=waiting_since", AGENT),
    Call("… on hold", "/api/tickets/list?status=on_hold"),
    Call("… open, urgent", "/api/tickets/list?status=open&priority=urgent&with_count=true"),
    Call("… open, urgent", "/api/tickets/list?status=open&priority=urgent&with_count=true", AGENT),
    Call("… of one customer", "/api/tickets/list?requester={customer}&with_count=true"),
    Call("… of one agent, pending", "/api/tickets/list?assignee={agent}&status=pending"),
    Call("… that nobody has", "/api/tickets/list?assignee=none&with_count=true"),
    Call("… of one workgroup", "/api/tickets/list?workgroup={group}&with_count=true"),
    Call("… with a tag", "/api/tickets/list?tag=vip&with_count=true"),
    Call("… with an unknown tag", "/api/tickets/list?tag=nobodys"),
    Call("… of a day long ago", "/api/tickets/list?created_after={day}&created_before={next_day}"),
    Call("… by external id", "/api/tickets/list?external_source=crm&external_id=7"),
    Call("… deleted", "/api/tickets/list?deleted=only"),
    Call("list of messages", "/api/messages/list"),
    Call("list of messages", "/api/messages/list", AGENT),
    Call("… notes", "/api/messages/list?internal=true&with_count=true", AGENT),
    Call("list of conversations", "/api/conversations/list"),
    Call("list of conversations", "/api/conversations/list", AGENT),
    Call("… queued", "/api/conversations/list?status=queued", AGENT),
    Call("… of one customer", "/api/conversations/list?requester={customer}"),
    Call("… unread", "/api/conversations/list?unread=true", AGENT),
    Call("list of people", "/api/users/list?with_count=true"),
    Call("list of tokens", "/api/tokens/list?with_count=true"),
    Call("overview of 30 days", "/api/statistics/overview"),
    Call("overview of 30 days", "/api/statistics/overview", AGENT),
    Call("… urgent tickets", "/api/statistics/overview?priority=urgent"),
    Call("… two years ago", "/api/statistics/overview?from={old_first}&to={old_last}"),
    Call("… two years ago", "/api/statistics/overview?from={old_first}&to={old_last}", AGENT),
    Call("… of a year", "/api/statistics/overview?from={year_ago}"),
    Call("… of a year", "/api/statistics/overview?from={year_ago}", AGENT),
    Call("30 days by day", "/api/statistics/timeseries"),
    Call("30 days by day", "/api/statistics/timeseries", AGENT),
    Call("workstation, mine", "/agent/tickets", AGENT),
    Call("workstation, unassigned", "/agent/tickets?tab=unassigned", AGENT),
    Call("workstation, all", "/agent/tickets?tab=all&status=any"),
    Call("workstation, all, on hold", "/agent/tickets?tab=all&status=on_hold", AGENT),
    Call("workstation, one ticket", "/agent/tickets/{ticket}"),
    Call("admin, front page", "/admin/"),
    Call("admin, tickets", "/admin/tickets/ticket/"),
    Call("admin, tickets that wait", "/admin/tickets/ticket/?work=waiting"),
    Call("admin, unassigned", "/admin/tickets/ticket/?work=unassigned"),
    Call("admin, urgent", "/admin/tickets/ticket/?work=urgent"),
    Call("admin, deleted", "/admin/tickets/ticket/?work=deleted"),
    Call("admin, by title", "/admin/tickets/ticket/?o=2"),
    Call("admin, by assignee", "/admin/tickets/ticket/?o=6"),
    Call("admin, by waiting", "/admin/tickets/ticket/?o=8"),
    Call("admin, one ticket", "/admin/tickets/ticket/{ticket}/change/"),
    Call("admin, conversations", "/admin/messaging/conversation/"),
    Call("admin, queued ones", "/admin/messaging/conversation/?state=queued"),
    Call("admin, people", "/admin/accounts/user/"),
    Call("admin, tokens", "/admin/tokens/accesstoken/"),
    Call("admin, audit", "/admin/tokens/tokenevent/"),
    Call("admin, audit, rotated", "/admin/tokens/tokenevent/?verb__exact=rotated"),
    Call("admin, audit of a token", "/admin/tokens/tokenevent/?token_id__exact=1"),
    Call("admin, why refused?", "/admin/tokens/denial/"),
]


@dataclass
class Side:
    """A server over one size, and what its callers need."""

    port: int
    words: dict[str, Any]
    tokens: dict[str, str]
    began: float = 0.0
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place in ("agent", "admin"):
            for who in self.tokens if place == "agent" else [ADMINISTRATOR]:
                self.cookies[place, who] = self._sign_in(place, who)

    def _sign_in(self, place: str, who: str) -> str:
        answer = self._ask("GET", f"/{place}/auth/login?accessToken={self.tokens[who]}", {})
        set_cookie = answer.headers.get_all("Set-Cookie") or []
        return "; ".join(cookie.partition(";")[0] for cookie in set_cookie)

    def measure(self, call: Call) -> float:
        """Return the seconds that one call took."""
        target = call.target.format(**self.words, token=self.tokens[call.who])
        place = target.split("/")[1]
        headers = (
            {"Authorization": f"Bearer {self.tokens[call.who]}", "Accept": "application/json"}
            if place == "api"
            else {}
            if "accessToken=" in target
            else {"Cookie": self.cookies[place, call.who]}
        )
        body = None
        if call.body is not None:
            given = {
                name: self.words[text[1:-1]] if text.startswith("{") else text
                for name, text in call.body.items()
            }
            body = json.dumps(given).encode()
            headers["Content-Type"] = "application/json"
        answer = self._ask("POST" if body else "GET", target, headers, body)
        seconds = time.perf_counter() - self.began
        if answer.status != call.status:
            raise SystemExit(f"{target}: {answer.status}, and not {call.status}")
        return seconds

    def _ask(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        # A server closes what was silent for long, as one side is while the other answers.
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)) as connection:
            connection.connect()
            self.began = time.perf_counter()
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer


@contextmanager
def sides(kind: str, sizes: tuple[int, int], folder: Path) -> Iterator[list[Side]]:
    with ExitStack() as stack:
        found = []
        for size in sizes:
            own = folder / f"{kind}-{size}"
            (own / "static").mkdir(parents=True)
            environment = servers.environment(own, filled(kind, size))
            for command in (["migrate"], ["collectstatic", "--noinput"]):
                servers.run(environment, "manage.py", *command, "--verbosity", "0")
            given = json.loads(servers.run(environment, "-m", "benchmarks.scale_words"))
            server = stack.enter_context(
                servers.serving(
                    servers.UVICORN, "weiyu_site.asgi", environment, 1, known="/healthz"
                )
            )
            found.append(Side(server.port, given["words"], given["tokens"]))
        yield found


def take_turns(call: Call, both: list[Side], most: int, patience: float) -> list[list[float]]:
    """Return the seconds of each side; fewer measurements where each takes long."""
    for side in both:
        side.measure(call)
    took: list[list[float]] = [[] for _ in both]
    began = time.perf_counter()
    for turn in range(most):
        for side, seconds in zip(both, took, strict=True):
            seconds.append(side.measure(call))
        if turn >= 4 and time.perf_counter() - began > patience:
            break
    return took


def print_head(kind: str, *sizes: int) -> None:
    heads = "".join(f"{f'{size:,}':>11}{'p99':>9}" for size in sizes)
    print(f"\n{f'{kind}, milliseconds':<42}{heads}{'ratio':>8}{'calls':>7}")


def print_line(call: Call, took: list[list[float]]) -> None:
    cells = ""
    for seconds in took:
        p50, p99 = statistics.median(seconds), sorted(seconds)[int(len(seconds) * 0.99)]
        cells += f"{p50 * 1000:>11.1f}{p99 * 1000:>9.1f}"
    ratio = statistics.median(took[1]) / statistics.median(took[0])
    print(f"{call.name:<28}{call.who:<14}{cells}{ratio:>8.1f}{len(took[0]):>7}", flush=True)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--small", type=int, default=SMALL)
    parser.add_argument("--large", type=int, default=LARGE)
    parser.add_argument("--most", type=int, default=60, help="measurements of one call")
    parser.add_argument("--patience", type=float, default=6.0, help="seconds for one call")
    parser.add_argument("--only", default="", help="calls whose name or address has this")
    given = parser.parse_args(arguments)
    for kind in given.database or ["sqlite", "postgresql"]:
        if kind == "postgresql" and (reason := servers.why_no_postgresql()):
            print(f"postgresql: left out, for none answers: {reason}")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            print(f"{kind}: preparing", file=sys.stderr, flush=True)
            with sides(kind, (given.small, given.large), Path(temporary)) as both:
                print_head(kind, given.small, given.large)
                for call in CALLS:
                    if given.only in f"{call.name} {call.target}":
                        print_line(call, take_turns(call, both, given.most, given.patience))


if __name__ == "__main__":
    main()
