"""Measure Weiyu's calls beside (a) a bare view, (b) plain DRF and (c) a list by hand.

For each database: two servers of the same kind, one with Weiyu and one with the rivals, over the
same 10,000 tickets. The contenders take turns, so that a machine which slows down slows them all;
the medians of the rounds are printed. Then the check of one token, beside the stock ones, in one
process. docs/benchmarks.md explains each column.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import servers
from benchmarks.load import Call, Failed, Result, measure

WEIYU, BARE, PLAIN, BY_HAND = "Weiyu", "(a) bare", "(b) DRF", "(c) by hand"
COLUMNS = [WEIYU, BARE, PLAIN, BY_HAND]
# At least so many times (b), with all checks on.
AIMS = {"list of 50": 1.2, "one ticket": 1.0, "create": 0.8, "profile": 1.0}
BODY = json.dumps(
    {
        "title": "Question about the export of orders",
        "content": "The export stops after some rows, and the last page is empty. " * 5,
        "priority": "medium",
    }
).encode()


@dataclass(frozen=True)
class Contender:
    """Who answers a call: the calls that ask it, and whether Weiyu's server answers."""

    calls: list[Call]
    is_ours: bool = False


def contenders(given: dict[str, object], plain_token: str) -> dict[str, dict[str, Contender]]:
    """Return, for each call, who takes part."""
    pk = given["ticket"]

    def weiyu(method: str, target: str, body: bytes = b"") -> Contender:
        tokens = given["tokens"]
        return Contender(
            [Call(method, target, bearer(token), body) for token in tokens], is_ours=True
        )

    def bare(name: str, method: str = "GET", body: bytes = b"", status: int = 200) -> Contender:
        return Contender([Call(method, f"/bare/{name}", bearer(plain_token), body, status)])

    def plain(method: str, target: str, body: bytes = b"", status: int = 200) -> Contender:
        return Contender([Call(method, target, bearer(plain_token), body, status)])

    logins = [
        Call("GET", f"/agent/auth/login?accessToken={token}", status=303)
        for token in given["tokens"]
    ]
    by_link = [Call("GET", f"/plain/login?accessToken={plain_token}", status=303)]
    return {
        "list of 50": {
            WEIYU: weiyu("GET", "/api/tickets/list"),
            BARE: bare("list"),
            PLAIN: plain("GET", "/plain/tickets/"),
            BY_HAND: Contender(
                [Call("GET", "/by-hand/tickets", bearer(token)) for token in given["tokens"]]
            ),
        },
        "one ticket": {
            WEIYU: weiyu("GET", f"/api/tickets/{pk}"),
            BARE: bare("one"),
            PLAIN: plain("GET", f"/plain/tickets/{pk}/"),
        },
        "create": {
            WEIYU: weiyu("POST", "/api/tickets/create", BODY),
            BARE: bare("one", "POST", BODY),
            PLAIN: plain("POST", "/plain/tickets/", BODY, status=201),
        },
        "profile": {
            WEIYU: weiyu("GET", "/api/user/profile"),
            BARE: bare("profile"),
            PLAIN: plain("GET", "/plain/profile"),
        },
        "login by URL": {
            WEIYU: Contender(logins, is_ours=True),
            BARE: bare("login", status=303),
            PLAIN: Contender(by_link),
        },
    }


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("Authorization", f"Bearer {token}"), ("Accept", "*/*"))


def keep_answers(folder: Path, port: int, calls: dict[str, dict[str, Contender]]) -> None:
    """Ask Weiyu once for the bytes that the bare views will repeat."""
    for file, name in {"list": "list of 50", "one": "one ticket", "profile": "profile"}.items():
        answer = measure(port, calls[name][WEIYU].calls[:1], connections=1, seconds=0)
        (folder / file).write_bytes(answer.body)


def compare(options: argparse.Namespace, kind: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("answers", "static"):
            (folder / name).mkdir()
        with servers.database(kind, folder) as url:
            tell(f"{kind}: preparing {options.tickets:,} tickets")
            environment = servers.environment(folder, url, options.redis)
            servers.run(environment, "manage.py", "migrate", "--verbosity", "0")
            plain = {**environment, "DJANGO_SETTINGS_MODULE": "benchmarks.plain.settings"}
            servers.run(plain, "-m", "django", "migrate", "sessions", "--verbosity", "0")
            given = json.loads(
                servers.run(environment, "-m", "benchmarks.data", str(options.tickets))
            )
            token = servers.run(plain, "-m", "benchmarks.plain.token", str(given["user"])).strip()
            calls = contenders(given, token)
            with servers.serving(
                "weiyu_site.asgi:application", environment, options.workers, known="/healthz"
            ) as us:
                keep_answers(folder / "answers", us.port, calls)
                with servers.serving(
                    "benchmarks.plain.asgi:application",
                    plain,
                    options.workers,
                    known="/bare/profile",
                ) as them:
                    results = rounds(options, kind, calls, lambda who: us if who.is_ours else them)
                    print_table(options, kind, results)
                    print(
                        f"Memory of a worker at its most: Weiyu {us.megabytes():.0f} MB,"
                        f" rivals {them.megabytes():.0f} MB",
                        flush=True,
                    )
            print(verification(options, environment, given["user"]), flush=True)


def verification(options: argparse.Namespace, environment: dict[str, str], user: object) -> str:
    """Return what the check of one token costs; no server runs meanwhile."""
    environment = {**environment, "DJANGO_SETTINGS_MODULE": "benchmarks.verification.settings"}
    servers.run(environment, "-m", "django", "migrate", "knox", "--verbosity", "0")
    return servers.run(
        environment, "-m", "benchmarks.verification", str(user), str(2 * options.repeats)
    )


def rounds(
    options: argparse.Namespace,
    kind: str,
    calls: dict[str, dict[str, Contender]],
    server_of: Callable[[Contender], servers.Server],
) -> dict[str, dict[str, list[Result]]]:
    """Let everybody warm up once, then take turns."""
    results: dict[str, dict[str, list[Result]]] = {
        name: {who: [] for who in row} for name, row in calls.items()
    }
    for turn in range(options.repeats + 1):
        tell(f"{kind}: round {turn} of {options.repeats}" if turn else f"{kind}: warming up")
        for name, row in calls.items():
            for who, contender in row.items():
                server = server_of(contender)
                used = server.cpu_seconds()
                result = measure(
                    server.port,
                    contender.calls,
                    options.connections,
                    options.seconds if turn else min(1.0, options.seconds),
                )
                result.cpu_milliseconds = (server.cpu_seconds() - used) / result.calls * 1000
                if turn:
                    results[name][who].append(result)
    return results


def tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


def print_table(
    options: argparse.Namespace, kind: str, results: dict[str, dict[str, list[Result]]]
) -> None:
    print(
        f"\n{kind}: {options.tickets:,} tickets, {options.workers} worker(s),"
        f" {options.connections} connections, median of {options.repeats} x {options.seconds:g} s"
    )
    print_heads("calls per second", "Weiyu/(b)", "least-most", "aim", "ms")
    for name, row in results.items():
        ratios = sorted(
            ours.per_second / theirs.per_second
            for ours, theirs in zip(row[WEIYU], row[PLAIN], strict=True)
        )
        print_line(
            name,
            {who: median_of(row[who], "per_second") for who in row},
            "{:,.0f}",
            f"{statistics.median(ratios):.2f}",
            f"{ratios[0]:.2f}-{ratios[-1]:.2f}",
            f"{AIMS[name]:.1f}" if name in AIMS else "",
            f"{median_of(row[WEIYU], 'milliseconds'):.1f}",
        )
    print_heads("processor ms a call", "(b)/Weiyu")
    for name, row in results.items():
        spent = {who: median_of(row[who], "cpu_milliseconds") for who in row}
        times = f"{spent[PLAIN] / spent[WEIYU]:.2f}" if spent[WEIYU] else ""
        print_line(name, spent, "{:,.2f}", times)


def median_of(results: list[Result], what: str) -> float:
    return statistics.median(getattr(result, what) for result in results)


def print_heads(unit: str, *more: str) -> None:
    heads = "".join(f"{who:>13}" for who in COLUMNS)
    print(f"{unit:<20}{heads}" + "".join(f"{head:>12}" for head in more))


def print_line(name: str, values: dict[str, float], form: str, *more: str) -> None:
    cells = "".join(f"{form.format(values[who]) if who in values else '':>13}" for who in COLUMNS)
    print(f"{name:<20}{cells}" + "".join(f"{cell:>12}" for cell in more))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one measurement")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--workers", type=int, default=1, help="processes of each server")
    parser.add_argument("--redis", default="", help="address of one that counts Weiyu's calls")
    options = parser.parse_args()
    for kind in options.database or ["sqlite", "postgresql"]:
        if kind == "postgresql" and (reason := servers.why_no_postgresql()):
            print(f"postgresql: left out, for none answers: {reason}")
            continue
        try:
            compare(options, kind)
        except Failed as error:
            raise SystemExit(f"{kind}: {error}") from error


if __name__ == "__main__":
    main()
