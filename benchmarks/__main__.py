"""Measure Weiyu's calls beside (a) a bare view, (b) plain DRF, (c) a list by hand and (d) a peer.

For each database: one server with Weiyu, one of the same kind with (a) to (c), and gunicorn with
(d), each with as many workers, over the same 10,000 tickets. The contenders take turns, so that a
machine which slows down slows them all; the medians of the rounds are printed. Then the check of
one token, beside the stock ones, in one process. docs/benchmarks.md explains each column.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.load import Call, Failed, Result, measure

WEIYU, BARE, PLAIN, BY_HAND = "Weiyu", "(a) bare", "(b) DRF", "(c) by hand"
SAME, LEAN = "(d1) same", "(d2) lean"
COLUMNS = [WEIYU, BARE, PLAIN, BY_HAND, SAME, LEAN]
# At least so many times the calls of that column, with all checks on.
AIMS = {
    PLAIN: {"list of 50": 1.2, "one ticket": 1.0, "create": 0.8, "profile": 1.0},
    SAME: {
        "list of 50": 1.8,
        "one ticket": 1.3,
        "create": 1.0,
        "profile": 1.2,
        "login by URL": 1.5,
    },
    LEAN: {"list of 50": 1.0, "one ticket": 1.2, "create": 0.9, "profile": 1.2},
}
BODY = json.dumps(
    {
        "title": "Question about the export of orders",
        "content": "The export stops after some rows, and the last page is empty. " * 5,
        "priority": "medium",
    }
).encode()

# For each call: who takes part, and what asks them.
Calls = dict[str, dict[str, list[Call]]]
Results = dict[str, dict[str, list[Result]]]


def contenders(given: dict[str, Any], plain: dict[str, str]) -> Calls:
    """Return, for each call, who takes part and what asks them."""
    jwt, tokens, pk = plain["jwt"], given["tokens"], given["ticket"]
    post: Any = {"method": "POST", "body": BODY}

    def ours(target: str, **call: Any) -> list[Call]:
        return [Call(target, bearer(token), **call) for token in tokens]

    def theirs(target: str, **call: Any) -> list[Call]:
        return [Call(target, bearer(jwt), **call)]

    return {
        "list of 50": {
            WEIYU: ours("/api/tickets/list"),
            BARE: theirs("/bare/list"),
            PLAIN: theirs("/plain/tickets/"),
            BY_HAND: ours("/by-hand/tickets"),
            SAME: theirs("/plain/same-tickets/"),
            LEAN: theirs("/plain/lean-tickets/"),
        },
        "one ticket": {
            WEIYU: ours(f"/api/tickets/{pk}"),
            BARE: theirs("/bare/one"),
            PLAIN: theirs(f"/plain/tickets/{pk}/"),
            SAME: theirs(f"/plain/same-tickets/{pk}/"),
            LEAN: theirs(f"/plain/lean-tickets/{pk}/"),
        },
        "create": {
            WEIYU: ours("/api/tickets/create", **post),
            BARE: theirs("/bare/one", **post),
            PLAIN: theirs("/plain/tickets/", **post, status=201),
            SAME: theirs("/plain/same-tickets/", **post, status=201),
            LEAN: theirs("/plain/lean-tickets/", **post, status=201),
        },
        "profile": {
            WEIYU: ours("/api/user/profile"),
            BARE: theirs("/bare/profile"),
            PLAIN: theirs("/plain/profile"),
            SAME: theirs("/plain/same-profile"),
            LEAN: theirs("/plain/profile"),
        },
        "login by URL": {
            WEIYU: [Call(f"/agent/auth/login?accessToken={token}", status=303) for token in tokens],
            BARE: theirs("/bare/login", status=303),
            PLAIN: [Call(f"/plain/login?accessToken={jwt}", status=303)],
            SAME: [Call(f"/plain/sesame?sesame={plain['sesame']}", status=302)],
        },
    }


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("Authorization", f"Bearer {token}"), ("Accept", "*/*"))


def compare(options: argparse.Namespace, kind: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("answers", "static"):
            (folder / name).mkdir()
        with servers.database(kind, folder) as url:
            tell(f"{kind}: preparing {options.tickets:,} tickets")
            ours = servers.environment(folder, url, options.redis)
            theirs = {**ours, "DJANGO_SETTINGS_MODULE": "benchmarks.plain.settings"}
            given = json.loads(servers.run(ours, "-m", "benchmarks.data", str(options.tickets)))
            person = str(given["user"])
            plain = json.loads(servers.run(theirs, "-m", "benchmarks.plain.prepare", person))
            measure_calls(options, kind, contenders(given, plain), ours, theirs)
            print(verification(options, ours, person), flush=True)


def measure_calls(
    options: argparse.Namespace,
    kind: str,
    calls: Calls,
    ours: dict[str, str],
    theirs: dict[str, str],
) -> None:
    with ExitStack() as running:

        def serve(*what: Any, known: str) -> servers.Server:
            return running.enter_context(servers.serving(*what, options.workers, known=known))

        us = serve(servers.UVICORN, "weiyu_site.asgi", ours, known="/healthz")
        keep_answers(Path(ours["BENCHMARK_ANSWERS"]), us.port, calls)
        them = serve(servers.UVICORN, "benchmarks.plain.asgi", theirs, known="/bare/profile")
        peer = serve(servers.GUNICORN, "benchmarks.plain.wsgi", theirs, known="/bare/profile")
        server_of = {WEIYU: us, BARE: them, PLAIN: them, BY_HAND: them, SAME: peer, LEAN: peer}
        results = rounds(options, kind, calls, server_of)
        print_tables(options, kind, results)
        print(
            f"\nMemory of a worker at its most: Weiyu {us.megabytes():.0f} MB,"
            f" (a) to (c) {them.megabytes():.0f} MB, (d) {peer.megabytes():.0f} MB\n",
            flush=True,
        )


def keep_answers(folder: Path, port: int, calls: Calls) -> None:
    """Ask Weiyu once for the bytes that the bare views will repeat."""
    for file, name in {"list": "list of 50", "one": "one ticket", "profile": "profile"}.items():
        answer = measure(port, calls[name][WEIYU][:1], connections=1, seconds=0)
        (folder / file).write_bytes(answer.body)


def verification(options: argparse.Namespace, environment: dict[str, str], person: str) -> str:
    """Return what the check of one token costs; no server runs meanwhile."""
    environment = {**environment, "DJANGO_SETTINGS_MODULE": "benchmarks.verification.settings"}
    repeats = str(2 * options.repeats)
    return servers.run(environment, "-m", "benchmarks.verification", person, repeats)


def rounds(
    options: argparse.Namespace, kind: str, calls: Calls, server_of: dict[str, servers.Server]
) -> Results:
    """Let everybody warm up once, then take turns."""
    results: Results = {name: {who: [] for who in row} for name, row in calls.items()}
    for turn in range(options.repeats + 1):
        tell(f"{kind}: round {turn} of {options.repeats}" if turn else f"{kind}: warming up")
        for name, row in calls.items():
            for who, asked in row.items():
                server = server_of[who]
                used = server.cpu_seconds()
                result = measure(server.port, asked, options.connections, options.seconds)
                result.cpu_seconds = server.cpu_seconds() - used
                if turn:
                    results[name][who].append(result)
    return results


def tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


def print_tables(options: argparse.Namespace, kind: str, results: Results) -> None:
    print(
        f"\n{kind}: {options.tickets:,} tickets, {options.workers} worker(s) each,"
        f" {options.connections} connections, median of {options.repeats} x {options.seconds:g} s"
    )
    for title, columns, cell in (
        ("calls per second", COLUMNS, calls_per_second),
        ("Weiyu's calls to theirs, the aim, worst-best round", list(AIMS), ratio),
        ("ms of a call: p50, p99, p99/p50", [WEIYU, SAME, LEAN], latency),
        ("processor ms a call (times as much as Weiyu)", COLUMNS, processor),
    ):
        print_table(title, columns, results, cell)


def print_table(title: str, columns: list[str], results: Results, cell: Callable[..., str]) -> None:
    rows = {
        name: [cell(name, who, row) if who in row else "" for who in columns]
        for name, row in results.items()
    }
    width = 3 + max(len(text) for texts in [columns, *rows.values()] for text in texts)
    print(f"\n{title}")
    for name, texts in {"": columns, **rows}.items():
        print(f"{name:<14}" + "".join(f"{text:>{width}}" for text in texts))


def calls_per_second(name: str, who: str, row: dict[str, list[Result]]) -> str:
    return f"{median_of(row[who], 'per_second'):,.0f}"


def ratio(name: str, who: str, row: dict[str, list[Result]]) -> str:
    ratios = sorted(
        ours.per_second / theirs.per_second
        for ours, theirs in zip(row[WEIYU], row[who], strict=True)
    )
    aim = f"{AIMS[who][name]:.1f}" if name in AIMS[who] else "-"
    return f"{statistics.median(ratios):.2f}  {aim}  {ratios[0]:.2f}-{ratios[-1]:.2f}"


def latency(name: str, who: str, row: dict[str, list[Result]]) -> str:
    """Return what holds for the calls of all rounds: one has too few for a p99."""
    took = [seconds * 1000 for result in row[who] for seconds in result.took]
    percentiles = statistics.quantiles(took, n=100, method="inclusive")
    p50, p99 = percentiles[49], percentiles[98]
    return f"{p50:.1f}  {p99:.1f}  {p99 / p50:.2f}"


def processor(name: str, who: str, row: dict[str, list[Result]]) -> str:
    spent, ours = (median_of(row[one], "cpu_milliseconds") for one in (who, WEIYU))
    # A short round may be less than the clock of the system shows.
    return f"{spent:.2f} ({spent / ours:.2f})" if ours else f"{spent:.2f}"


def median_of(results: list[Result], what: str) -> float:
    return statistics.median(getattr(result, what) for result in results)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one measurement")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2, help="processes of each server")
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
