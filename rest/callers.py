"""Who makes a call, as far as the API's own rules have to know: the hook for credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.request import Request


class Caller(Protocol):
    def credential(self) -> str:
        """Return what tells this caller's token or session from others, never the secret."""

    def rights(self) -> list[str]:
        """Return everything that decides what the caller may do, in one order."""

    def headers(self) -> Mapping[str, str]:
        """Return what each answer tells the caller about its credential."""


def caller_of(request: Request) -> Caller:
    """Return the caller by the class that `settings.API_CALLER` names."""
    return cast("Caller", import_string(settings.API_CALLER)(request))
