"""What `collectstatic` takes, and whether it was run since the last installation or upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import cast

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage


def names_not_collected() -> list[str]:
    """Return the static files that pages would look for in vain, in alphabetical order."""
    collected = getattr(staticfiles_storage, "hashed_files", None)
    if settings.DEBUG or collected is None:
        # Served from where they are.
        return []
    return sorted(dict(static_files()).keys() - collected.keys())


def static_files() -> Iterator[tuple[str, Path]]:
    """Yield the static files that `collectstatic` takes: the name, and where it comes from."""
    ignored = cast(StaticFilesConfig, apps.get_app_config("staticfiles")).ignore_patterns
    for finder in get_finders():
        for name, storage in finder.list(ignored):
            prefix = getattr(storage, "prefix", None) or ""
            yield str(PurePosixPath(prefix, name)), Path(storage.path(name))
