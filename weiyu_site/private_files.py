"""Keep what Weiyu stores from everybody else on the machine, whatever the folder allows."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OTHERS = 0o077

logger = logging.getLogger(__name__)


def make_private(database: Mapping[str, Any], uploads: str | os.PathLike[str]) -> None:
    """Let this process make files for its own user alone, and close those of before.

    SQLite gives its other files the mode of the database.
    """
    os.umask(OTHERS)
    _close(Path(uploads))
    if database["ENGINE"] == "django.db.backends.sqlite3":
        for ending in ("", "-wal", "-shm", "-journal"):
            _close(Path(f"{database['NAME']}{ending}"))


def _close(path: Path) -> None:
    try:
        mode = path.stat().st_mode & 0o777
        if mode & OTHERS:
            path.chmod(mode & ~OTHERS)
    except FileNotFoundError:
        return
    except OSError as error:
        logger.warning("%s stays open to others: %s.", path, error.strerror)
