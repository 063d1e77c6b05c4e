"""A request as the guards of our pages let it through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from accounts.models import User
    from tokens.models import AccessToken


class AgentRequest(HttpRequest):
    """Asked by somebody of the team; `access_token` is what they came with, if anything."""

    user: User
    access_token: AccessToken | None
    htmx: HtmxDetails
