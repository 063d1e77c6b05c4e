"""Run something in several threads that start at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def together(call: Callable[[Any], Any], arguments: Iterable[Any]) -> list[Any]:
    """Return what each call returned or raised, in the order of the arguments."""
    arguments = list(arguments)
    gate = threading.Barrier(len(arguments))

    def run(argument: Any) -> Any:
        try:
            connection.ensure_connection()
            gate.wait(timeout=10)
            return call(argument)
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(run, arguments))
