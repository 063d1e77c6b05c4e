"""Rights never grow: what a token makes or changes goes no further than the token itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.actor import Actor
from records.errors import Forbidden
from tokens.scopes import expand, granted

if TYPE_CHECKING:
    from tokens.models import AccessToken


def check_delegation(token: AccessToken, by: Actor) -> None:
    """Refuse a caller whose own token is narrower than `token` is, or is about to be."""
    if by.token_id is None:
        return
    maker = type(token).objects.of_caller(by)
    if maker is None or maker.user_id != by.user_id or not is_within(token, maker):
        raise beyond_own_token()


def beyond_own_token() -> Forbidden:
    return Forbidden(
        _(
            "A token makes, changes and deletes only tokens that go no further than itself: "
            "same person, no more permissions, domains or networks, no later expiry."
        ),
        code="beyond-own-token",
    )


def is_within(token: AccessToken, maker: AccessToken) -> bool:
    """Return whether whoever holds `token` can do nothing that `maker` cannot."""
    return (
        token.user_id == maker.user_id
        and expand(token.scopes) <= granted(maker.user, maker)
        and token.ends_at <= maker.ends_at
        and _lists_within(token.domains, maker.domains)
        and _lists_within(token.networks, maker.networks)
        and _shows_a_page_where_it_must(token, maker)
    )


def _lists_within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Return whether a list is no wider than another, where an empty list allows everything."""
    return not outer or bool(inner and set(inner) <= set(outer))


def _shows_a_page_where_it_must(token: AccessToken, maker: AccessToken) -> bool:
    """Domains let a call without a page through where networks, or the flag for links, say so."""
    if not maker.domains:
        return True
    calls = bool(maker.networks) or not token.networks
    links = maker.allow_missing_referrer or not token.allow_missing_referrer
    return calls and links
