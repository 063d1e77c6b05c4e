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
from workstation.request import AgentRequest

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Permissions:
    """Answers for templates: `may.write_tickets`, `may.read_people`…"""

    scopes: frozenset[str]

    @classmethod
    def of(cls, request: AgentRequest) -> Permissions:
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


def scope_required(scope: str) -> Callable[[View], View]:
    """Let only those of the team into a page whose role and token have `scope`."""

    def decorate(view: View) -> View:
        @agent_page
        @wraps(view)
        def guarded(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if scope in Permissions.of(request).scopes:
                return view(request, *args, **kwargs)
            return refused_page(request, Refused("insufficient-scope", scope=scope))

        return guarded

    return decorate


def need_scope(request: AgentRequest, scope: str) -> None:
    """Raise PermissionDenied where the link that somebody came by does not give the permission."""
    if scope not in Permissions.of(request).scopes:
        raise PermissionDenied(
            _("The link that you came by does not allow this. It needs the permission “%(scope)s”.")
            % {"scope": scope}
        )
