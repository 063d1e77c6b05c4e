"""Work that falls due by time alone. Each room names its own in its AppConfig:

    class TicketsConfig(AppConfig):
        due_work = ["tickets.due_work.close_resolved"]

The server does it by itself where it is the only process, the command `run_due_work` anywhere.
Each is a function without arguments that does what is due now and returns how much that was. It
must be safe to run in two places at once: a timer and a person may start it at the same moment.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

from django.apps import apps
from django.db import connections
from django.utils.module_loading import import_string

EVERY_SECONDS = 60.0
LONGEST_GOODBYE = 5.0

logger = logging.getLogger(__name__)


def declared() -> Iterator[tuple[str, Callable[[], int]]]:
    """Return the work of all rooms with its dotted path, that of lower rooms first."""
    for room in reversed(list(apps.get_app_configs())):
        for path in getattr(room, "due_work", ()):
            yield path, import_string(path)


def run() -> tuple[dict[str, int], list[str]]:
    """Do all that is due; return how much by path, and the paths of what failed.

    What fails is logged, and keeps nothing else from being done.
    """
    done: dict[str, int] = {}
    failed: list[str] = []
    for path, work in declared():
        try:
            done[path] = work()
        except Exception:
            logger.exception("Due work failed: %s.", path)
            failed.append(path)
            continue
        if done[path]:
            logger.info("Due work: %s did %d.", path, done[path])
    return done, failed


class Timer:
    """Do the due work again and again in a thread of its own, as long as the server lives."""

    def __init__(self, every: float = EVERY_SECONDS) -> None:
        self._every = every
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._end.clear()
        self._thread = threading.Thread(target=self._go_on, name="due-work", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more, and wait a moment for what is being done."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(LONGEST_GOODBYE)

    def _go_on(self) -> None:
        while True:
            try:
                run()
            finally:
                connections.close_all()
            if self._end.wait(self._every):
                return
