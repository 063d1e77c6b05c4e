"""A request as the guards of our pages let it through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_htmx.middleware import HtmxDetails

from tokens.request import TokenRequest

if TYPE_CHECKING:
    from accounts.models import User


class AgentRequest(TokenRequest):
    """Asked by somebody of the team."""

    user: User
    htmx: HtmxDetails
