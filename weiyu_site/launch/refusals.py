"""End a start that cannot succeed: one sentence, one exit code, whichever way it was begun."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from django.core.exceptions import ImproperlyConfigured

EXIT_CODE = 1
# Supervisors (uvicorn's, gunicorn's) start a worker again unless it ends with this.
EXIT_CODE_OF_WORKERS = 3


def end(sentence: str) -> NoReturn:
    """Write the sentence and end the process."""
    sys.stderr.write(f"{sentence}\n")
    sys.exit(EXIT_CODE_OF_WORKERS if multiprocessing.parent_process() else EXIT_CODE)


@contextmanager
def ending_in_a_sentence() -> Iterator[None]:
    """End by the sentence of a setting that is wrong, instead of by a traceback."""
    try:
        yield
    except ImproperlyConfigured as error:
        end(f"Weiyu cannot start: {' '.join(str(error).split())}")
