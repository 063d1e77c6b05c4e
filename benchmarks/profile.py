"""Say where the time of a list goes: `python -m benchmarks.profile [calls]`.

The list of 50 is asked again and again inside one process, on an SQLite database made for it, under
Python's profiler. The profiler makes small functions look dearer than they are: read the shares,
not the times.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks import servers

# The first that is found in the path of a function's file, from the top.
AREAS = {
    "serializer": (
        "rest_framework/serializers", "rest_framework/fields", "rest_framework/relations",
        "rest_framework/utils/serializer", "serializer_fields", "/serializers.py",
    ),
    "JSON": ("/json/", "rest_framework/renderers", "rest_framework/utils/encoders"),
    "token and rights": ("/tokens/", "/jwt/", "simplejwt", "/hmac.py", "/base64.py"),
    "query and rows": ("django/db/", "sqlite3", "dateparse", "/tickets/"),
    "API conventions": ("weiyu_site/api",),
    "edge and logging": ("weiyu_site/edge", "logging/"),
    "rest of DRF": ("rest_framework", "django_filters"),
    "headers and middleware": ("middleware", "csp/", "corsheaders", "whitenoise", "/axes/"),
    "rest of Django": ("django/",),
}  # fmt: skip


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "static").mkdir()
        environment = servers.environment(folder, f"sqlite:///{folder / 'weiyu.sqlite3'}")
        given = json.loads(servers.run(environment, "-m", "benchmarks.data", "2000"))
        os.environ.update(environment)
        shares = profile(given["tokens"][0], calls)
    whole = sum(shares.values())
    for area, seconds in shares.most_common():
        print(f"{area:<24}{seconds / whole:>6.0%}{seconds / calls * 1000:>8.2f} ms")


def profile(token: str, calls: int) -> Counter[str]:
    from weiyu_site.wsgi import application

    from django.test import RequestFactory  # isort: skip - needs the settings

    def ask() -> None:
        environ = (
            RequestFactory()
            .get(
                "/api/tickets/list",
                headers={"Authorization": f"Bearer {token}", "Host": "127.0.0.1"},
            )
            .environ
        )
        status: list[str] = []
        answer = application(environ, lambda line, headers, info=None: status.append(line))
        b"".join(answer)
        answer.close()
        assert status[0].startswith("200"), status

    for _ in range(20):
        ask()
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(calls):
        ask()
    profiler.disable()
    return by_area(pstats.Stats(profiler))


def by_area(stats: pstats.Stats) -> Counter[str]:
    """Add up own times; a built-in function counts where it was called from."""
    shares: Counter[str] = Counter()
    for (file, _line, name), (_, _, own, _, callers) in stats.stats.items():  # type: ignore[attr-defined]
        if file == "~":
            for (caller, _, _), (_, _, part, _) in callers.items():
                shares[area_of(f"{caller} {name}")] += part
        else:
            shares[area_of(file)] += own
    return shares


def area_of(file: str) -> str:
    for area, signs in AREAS.items():
        if any(sign in file for sign in signs):
            return area
    return "Python itself"


if __name__ == "__main__":
    main()
