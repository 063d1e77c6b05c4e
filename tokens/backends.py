"""Password sign-in, and Django's permission names answered from role and token."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.lockout import forget_failures
from tokens.request import token_of
from tokens.scopes import allows

# Django asks for "tickets.change_ticket"; our rights are families.
FAMILIES = {
    "tickets": "tickets",
    "messaging": "messages",
    "accounts": "users",
    "configuration": "settings",
    "tokens": "tokens",
}


class RightsBackend(ModelBackend):
    """Model permissions are never stored: the role grants them and a token narrows them."""

    def authenticate(self, request: HttpRequest | None, *args: Any, **kwargs: Any) -> Any:
        """Return whom name and password belong to; every sign-in that asks for both comes here."""
        person = super().authenticate(request, *args, **kwargs)
        if person is not None and request is not None:
            forget_failures(request, person.get_username())
        return person

    def has_perm(self, user_obj: Any, perm: str, obj: object = None) -> bool:
        app_label, _, codename = perm.partition(".")
        if app_label not in FAMILIES or not user_obj.is_active:
            return False
        verb = "read" if codename.startswith("view_") else "write"
        return allows(user_obj, token_of(user_obj), f"{FAMILIES[app_label]}:{verb}")

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return self.has_perm(user_obj, f"{app_label}.view_")

    def get_all_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        return set()
