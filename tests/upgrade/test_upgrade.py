"""A kept database of each older release, migrated by the code of now: people see what they saw.

What is new beside it, such as a further field, is no loss.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.upgrade import databases
from tests.upgrade.keep import run

# It has databases of its own; so marked it runs on both lanes.
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("release", databases.releases())
def test_everybody_sees_what_they_saw(release):
    engine, folder = databases.of_environment(), databases.folder_of(release)
    kept = json.loads(databases.read(folder / f"{engine.name}-seen.json.xz"))
    known, then = kept["known"], kept["seen"]

    with engine.filled(databases.read(folder / f"{engine.name}.xz")) as url:
        now = run("look", url, datetime.fromisoformat(known["moment"]), known)

    assert list(lost(then, now)) == []


def lost(then: Any, now: Any, where: str = "") -> Iterator[str]:
    """Yield what of `then` is missing or other in `now`."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name, value in then.items():
            if name in now:
                yield from lost(value, now[name], f"{where} › {name}")
            else:
                yield f"{where} › {name} is gone"
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for place, (before, after) in enumerate(zip(then, now, strict=True)):
            yield from lost(before, after, f"{where} › {place}")
    elif then != now:
        yield f"{where}: {then!r} became {now!r}"
