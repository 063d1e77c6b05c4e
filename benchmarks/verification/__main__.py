"""Measure one check of a token: `python -m benchmarks.verification USER_ID [ROUNDS]`.

What is measured is `authenticate(request)` of each authentication class, from the header to the
person. All take turns in one process, on the same database and for the same person, so that a
machine which slows down slows them all; the medians of the rounds are printed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from knox.auth import TokenAuthentication  # noqa: E402
from knox.models import AuthToken  # noqa: E402
from rest_framework.exceptions import APIException  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework_simplejwt.authentication import JWTAuthentication  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken as StockToken  # noqa: E402

from accounts.actor import Actor  # noqa: E402
from accounts.models import User  # noqa: E402
from tokens.api.authentication import BearerAuthentication  # noqa: E402
from tokens.errors import Refused  # noqa: E402
from tokens.models import AccessToken  # noqa: E402

CHECKS = 40  # of each in one round
STOCK = "simplejwt"


@dataclass(frozen=True)
class Contender:
    """One authentication class, a token that it accepts and one that nobody issued."""

    judge: Any
    scheme: str
    good: str
    bad: str
    origin: str = ""

    def check(self, secret: str) -> Callable[[], object]:
        headers = {"Authorization": f"{self.scheme} {secret}"}
        if self.origin:
            headers["Origin"] = self.origin
        request = Request(RequestFactory().get("/api/user/profile", headers=headers))
        return lambda: self.judge.authenticate(request)

    def refuse(self) -> Callable[[], object]:
        check = self.check(self.bad)

        def refused() -> None:
            try:
                check()
            except (APIException, Refused):
                return
            raise SystemExit(f"{self.judge} accepted a token that nobody issued.")

        return refused


def contenders(person: User) -> dict[str, Contender]:
    def issue(**bounds: Any) -> str:
        return AccessToken.objects.issue(
            user=person, name="verification", by=Actor.system(), **bounds
        )[1]

    def stock() -> str:
        return str(StockToken.for_user(person))

    ours, bearer = BearerAuthentication(), "Bearer"
    bound = issue(domains=["crm.example.com", "*.example.org"], networks=["127.0.0.0/8", "::1"])
    return {
        "Weiyu": Contender(ours, bearer, issue(), with_signature_of(issue(), issue())),
        "bound": Contender(
            ours, bearer, bound, with_signature_of(bound, issue()), "https://crm.example.com"
        ),
        STOCK: Contender(JWTAuthentication(), bearer, stock(), with_signature_of(stock(), stock())),
        "knox": Contender(
            TokenAuthentication(), "Token", AuthToken.objects.create(person)[1], "0" * 64
        ),
    }


def with_signature_of(token: str, other: str) -> str:
    return f"{token.rpartition('.')[0]}.{other.rpartition('.')[2]}"


def measure(checks: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median of each in microseconds, after a round to warm up."""
    took: dict[str, list[float]] = {name: [] for name in checks}
    for turn in range(rounds + 1):
        for name, check in checks.items():
            began = time.perf_counter()
            for _ in range(CHECKS):
                check()
            if turn:
                took[name].append((time.perf_counter() - began) / CHECKS * 1_000_000)
    return {name: statistics.median(times) for name, times in took.items()}


def queries_of(check: Callable[[], object]) -> int:
    asked = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    check()
    with connection.execute_wrapper(note):
        check()
    return len(asked)


def main() -> None:
    call_command("migrate", "knox", verbosity=0)
    person = User.objects.get(pk=sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    everybody = contenders(person)
    print_line("µs a check (queries)", *everybody, "jwt/Weiyu")
    for title, checks in {
        "good token": {name: one.check(one.good) for name, one in everybody.items()},
        "nobody's token": {name: one.refuse() for name, one in everybody.items()},
    }.items():
        took = measure(checks, rounds)
        cells = (f"{took[name]:,.0f} ({queries_of(check)})" for name, check in checks.items())
        print_line(title, *cells, f"{took[STOCK] / took['Weiyu']:.2f}")


def print_line(title: str, *cells: str) -> None:
    print(f"{title:<20}" + "".join(f"{cell:>13}" for cell in cells))


if __name__ == "__main__":
    main()
