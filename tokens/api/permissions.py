"""DRF permission: every view declares its scope; role and token must both have it."""

from __future__ import annotations

from typing import Any, cast

from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import User
from records.errors import Forbidden
from tokens.api.authentication import BearerAuthentication
from tokens.errors import Refused
from tokens.models import AccessToken
from tokens.request import token_request
from tokens.scopes import LOGIN_SCOPES, granted
from tokens.sessions.confirmation import password_needed
from tokens.verification.call import Call
from tokens.verification.denials import record_denial
from tokens.verification.rules import check_scope, lack_of

PROFILE = "profile"
# For what opens a target: one of the permissions to sign in; the view checks which.
LOGIN = "login"


def needed_scope(view: Any, method: str) -> str | None:
    """Return the full scope that a call of `method` on `view` needs, None if undeclared."""
    declared: str | None = getattr(view, "scope", None)
    if declared is None or ":" in declared or declared in (PROFILE, LOGIN):
        return declared
    return f"{declared}:{'read' if method in SAFE_METHODS else 'write'}"


def came_by_bearer(request: Request) -> bool:
    """Return whether the caller sent the token itself; a session of a token is none."""
    return isinstance(request.successful_authenticator, BearerAuthentication)


def need_scope(request: Request, scope: str) -> None:
    """Raise Refused unless the person's role and their token allow `scope`."""
    token = token_request(request).access_token
    try:
        check_scope(token, cast("User", request.user), scope)
    except Refused as refusal:
        if token and refusal.cause == "insufficient-scope":
            record_denial(token, Call.of_api(request._request), refusal)
        raise


class HasScope(BasePermission):
    """Allow what the person's role and their token allow together.

    `scope = "tickets"` on a view means `tickets:read` for safe methods and `tickets:write` for
    others; `"profile"` is one's own profile. A view without a scope is refused to tokens.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        scope = needed_scope(view, request.method or "GET")
        token = token_request(request).access_token
        if scope == PROFILE:
            return self._may_use_profile(request, token)
        if scope == LOGIN:
            return self._may_sign_in(request.user, token)
        if scope is None:
            if token is None:
                return True
            raise Refused("insufficient-scope", scope="none")
        need_scope(request, scope)
        return True

    def describe(self, view: Any, method: str) -> str:
        """Say in the schema what a call needs."""
        needed = needed_scope(view, method)
        if needed == PROFILE:
            if method == "GET":
                return "Any good token may read."
            return "Needs a permission to sign in, or `users:write`."
        if needed == LOGIN:
            return "Needs the permission `login:agent` or `login:admin`, as the target does."
        return f"Needs the permission `{needed}`."

    def _may_use_profile(self, request: Request, token: AccessToken | None) -> bool:
        """Any good token reads its person's profile; one that may sign in may edit it."""
        if request.method in SAFE_METHODS or token is None:
            return True
        if granted(token.user, token) & (LOGIN_SCOPES | {"users:write"}):
            return True
        raise Refused("insufficient-scope", scope="login:agent")

    def _may_sign_in(self, person: User, token: Any) -> bool:
        if granted(person, token) & LOGIN_SCOPES:
            return True
        # Every role that may sign in at all may open the workstation.
        raise lack_of("login:agent", person)


class PasswordGiven(BasePermission):
    """In a session that a token opened, whoever writes has given the password lately.

    A program that sends the token itself has none to give, and is held by what the token may do.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS or came_by_bearer(request):
            return True
        if not password_needed(token_request(request)):
            return True
        raise Forbidden(
            _("A link opened this session. Give your password at /admin/auth/confirm first."),
            code="password-needed",
        )
