"""Whole addresses of this site, for links that programs follow."""

from __future__ import annotations

from typing import Any

from django.conf import settings


def absolute(request: Any, path: str) -> str:
    """Return the address of `path`: under WEIYU_PUBLIC_URL once it is set, else as called."""
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL}{path}"
    return str(request.build_absolute_uri(path))
