"""Every call that the API has, read from the URL configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.test import RequestFactory
from django.urls import URLPattern
from rest_framework.serializers import ListSerializer

from accounts.models import User
from tests.addresses import patterns

METHODS = ("get", "post", "put", "patch", "delete")
# What everybody may read.
OPEN = {"api-schema", "api-docs"}


@dataclass(frozen=True)
class Call:
    """One method on one address; `action` is None where the address does not offer the method."""

    method: str
    path: str
    pattern: URLPattern

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def action(self) -> str | None:
        return self.pattern.callback.actions.get(self.method)

    @property
    def family(self) -> str:
        return self._option("basename")

    @property
    def scope(self) -> str | None:
        return self._option("scope")

    @property
    def has_id(self) -> bool:
        return "{" in self.path

    @property
    def needed(self) -> str:
        """Return the full scope, worked out apart from the code that is under test."""
        scope = self.scope or ""
        if ":" in scope or scope in ("profile", "login"):
            return scope
        return f"{scope}:{'read' if self.method == 'get' else 'write'}"

    def is_for(self, scopes: frozenset[str]) -> bool:
        """Return whether a role with these scopes may make the call."""
        if self.needed == "login":
            return bool(scopes & {"login:agent", "login:admin"})
        return self.needed == "profile" or self.needed in scopes

    def address(self, ids: Mapping[str, str]) -> str:
        return re.sub(r"{\w+}", ids.get(self.family, ""), self.path)

    def declared(self) -> dict[str, Any]:
        """Return the fields of the body that an administrator may write."""
        return self.fields(User(pk=1, role=User.Role.ADMINISTRATOR))

    def fields(self, user: User) -> dict[str, Any]:
        """Return the fields of the body that the call reads from `user`."""
        view = self.pattern.callback.cls()
        request = RequestFactory().post(self.path)
        request.user, request.access_token = user, None
        serializer_class = self._option("serializer_class")
        if self.action == "create":
            view.request, view.action = request, self.action
            serializer_class = view.get_serializer_class() if serializer_class else None
        if serializer_class is None:
            return {}
        serializer = serializer_class(context={"request": request, "view": view})
        if isinstance(serializer, ListSerializer):
            serializer = serializer.child
        return {name: field for name, field in serializer.fields.items() if not field.read_only}

    def _option(self, name: str) -> Any:
        callback = self.pattern.callback
        return callback.initkwargs.get(name, getattr(callback.cls, name, None))


def every_call() -> list[Call]:
    """Return each method on each address, offered or not."""
    found = []
    for regex, pattern in patterns():
        if not regex.startswith("api/") or pattern.name is None or pattern.name in OPEN:
            continue
        readable = regex.replace("^", "").replace("/?$", "")
        path = "/" + re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", readable)
        found += [Call(method, path, pattern) for method in METHODS]
    return found


def writes() -> list[Call]:
    """Return the calls that take a body."""
    return [
        call for call in every_call() if call.action and call.method in ("post", "put", "patch")
    ]


def one_of_each(calls: list[Call]) -> list[Call]:
    """Leave out the other names of the same code: `create` has two addresses, PUT is also PATCH."""
    named = {(call.family, str(call.action).removeprefix("partial_")): call for call in calls}
    return list(named.values())
