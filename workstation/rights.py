"""What the person in front of a page may do in it, given the token that they came with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext as _

from tokens.errors import Refused
from tokens.login.guards import agent_page
from tokens.login.refused_page import refused_page
from tokens.scopes import granted


@dataclass(frozen=True)
class Rights:
    """Answers for templates: `may.write_tickets`, `may.read_people`…"""

    scopes: frozenset[str]

    @classmethod
    def of(cls, request: Any) -> Rights:
        return cls(granted(request.user, request.access_token))

    @property
    def write_tickets(self) -> bool:
        return "tickets:write" in self.scopes

    @property
    def read_messages(self) -> bool:
        return "messages:read" in self.scopes

    @property
    def write_messages(self) -> bool:
        return "messages:write" in self.scopes

    @property
    def read_people(self) -> bool:
        return "users:read" in self.scopes

    @property
    def open_admin(self) -> bool:
        return "login:admin" in self.scopes


def reads(scope: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let only those into a page of the workstation who may read what it shows."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @agent_page
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if scope in Rights.of(request).scopes:
                return view(request, *args, **kwargs)
            refusal = Refused("insufficient-scope", scope=scope)
            return refused_page(request, refusal, target="agent")

        return guarded

    return decorate


def need(request: Any, scope: str) -> None:
    """Raise PermissionDenied where the link that somebody came by does not give the permission."""
    if scope not in Rights.of(request).scopes:
        raise PermissionDenied(
            _("The link that you came by does not allow this. It needs the permission “%(scope)s”.")
            % {"scope": scope}
        )
