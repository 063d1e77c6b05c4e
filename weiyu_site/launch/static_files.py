"""Whether `collectstatic` has been run since the program was installed or upgraded."""

from __future__ import annotations

from pathlib import PurePosixPath
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
    return sorted(_names() - collected.keys())


def _names() -> set[str]:
    ignored = cast(StaticFilesConfig, apps.get_app_config("staticfiles")).ignore_patterns
    return {
        str(PurePosixPath(getattr(storage, "prefix", None) or "", name))
        for finder in get_finders()
        for name, storage in finder.list(ignored)
    }
