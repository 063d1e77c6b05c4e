"""Login links: a program with a token lets a browser in, and the token stays where it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.actor import Actor
from accounts.models import User
from records.errors import Forbidden, invalid_field
from tokens.login.addresses import safe_next
from tokens.models import AccessToken, LoginCode
from tokens.scopes import ROLE_SCOPES
from tokens.verification.rules import check_scope


@dataclass(frozen=True)
class LoginLink:
    """A one-time code with whom it lets in, where, and until when."""

    code: str
    target: str
    user: User
    next_page: str
    expires_at: datetime


@transaction.atomic
@sensitive_variables("code")
def make_login_link(
    token: AccessToken,
    *,
    target: str,
    user: int | str | None = None,
    next_page: str = "",
    address: str = "",
) -> LoginLink:
    """Make a link for the token's person, or for another one that `user` names.

    `user` is an id or a username. Raises Refused, Forbidden or ValidationError.
    """
    check_scope(token, token.user, f"login:{target}")
    person = _person(token, user)
    _refuse_who_may_not_enter(person, target)
    if next_page and safe_next(target, next_page) != next_page:
        message = _("This is no page of the room. Write its path, such as /agent/tickets/42.")
        raise invalid_field("next", message, "invalid")
    expires_at = timezone.now() + LoginCode.LIFE
    code = LoginCode.make(token, target=target, user=person, next_page=next_page, admitted=False)
    details: dict[str, Any] = {"for": person.pk, "target": target}
    token.record("link", by=Actor(token.user, token_id=token.pk), address=address, **details)
    return LoginLink(code, target, person, next_page, expires_at)


def _person(token: AccessToken, wanted: int | str | None) -> User:
    """Return whom the link is for; another person only by an administrator's strong token."""
    own = token.user
    if wanted is None or wanted == own.pk or own.is_named(wanted):
        return own
    # Before anybody is looked for: who is there is not for everybody to find out.
    check_scope(token, own, "tokens:write")
    people = User.objects.get_queryset()
    found = people.named(wanted) if isinstance(wanted, str) else people.filter(pk=wanted)
    person = found.first()
    if person is None:
        raise invalid_field(
            "user", _("There is nobody with this id or username."), "does_not_exist"
        )
    if person.is_administrator:
        message = _("No link leads to another administrator.")
        raise Forbidden(message, code="towards-administrator")
    return person


def _refuse_who_may_not_enter(person: User, target: str) -> None:
    if not person.is_active:
        raise invalid_field("user", _("This person is deactivated."), "inactive")
    if f"login:{target}" not in ROLE_SCOPES[person.role]:
        raise invalid_field("user", _("This person's role does not open the room."), "role")
