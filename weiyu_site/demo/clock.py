"""Let the domain methods live in the past while the demo data is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import timezone


@contextmanager
def time_is(moment: dt.datetime) -> Iterator[None]:
    """Make `timezone.now()` return `moment` in this process, also where it is a field's default.

    Only commands that run alone may use it: every thread of the process sees the same clock.
    """

    class Stopped(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return moment.astimezone(tz)

    # The function itself was handed to the models, so its own source of time is replaced.
    before = vars(timezone)["datetime"]
    vars(timezone)["datetime"] = Stopped
    try:
        yield
    finally:
        vars(timezone)["datetime"] = before
