"""Wrong passwords: who counts as one caller, when they are forgotten, and what too many answer.

django-axes counts; how many, and for how long, is AXES_… in weiyu_site/settings.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.addresses import throttle_address
from accounts.models.querysets import LONGEST_TYPED
from records.text import compared
from rest.problems import problem

# What somebody typed, as Django hands it on.
Credentials = Mapping[str, Any] | None

LONGEST_NAME = 255  # the column of axes
# Within one cool-off, whoever they were for: an office mistypes less, a list of names needs more.
MOST_FAILURES_OF_ADDRESS = 100


def counted_name(request: HttpRequest | None, credentials: Credentials = None) -> str:
    """Return the one name that all spellings which sign the same person in count for."""
    typed = str((credentials or {}).get("username") or "")
    return compared(typed[:LONGEST_TYPED])[:LONGEST_NAME]


def counted_address(request: HttpRequest) -> str | None:
    """Return the address of one caller, or of the line where an IPv6 caller has many."""
    address = throttle_address(request.META.get("REMOTE_ADDR", ""))
    # The column of axes holds addresses or nothing.
    return None if address == "unknown" else address


class LockoutHandler(AxesDatabaseHandler):
    """Count also what one address gets wrong in all names together.

    Asked before a password is compared, so that nothing is worked out for who is locked out.
    """

    def is_locked(self, request: HttpRequest, credentials: Credentials = None) -> bool:
        return super().is_locked(request, credentials) or _fails_too_often(request)

    def user_logged_in(self, *args: Any, **details: Any) -> None:
        """Do nothing: that would only erase failures that count no more, as each failure does."""


def _fails_too_often(request: HttpRequest) -> bool:
    lately = AccessAttempt.objects.filter(
        ip_address=counted_address(request), attempt_time__gte=get_cool_off_threshold(request)
    )
    failures = lately.aggregate(all=Sum("failures_since_start"))["all"] or 0
    return bool(failures >= MOST_FAILURES_OF_ADDRESS)


def forget_failures(request: HttpRequest, username: str) -> None:
    """Forget the wrong passwords of a person at this address, once the right one was given.

    Axes would do so at every login, also at one by a link, which proves no password.
    """
    AxesProxyHandler.update_request(request)
    AxesProxyHandler.get_implementation().reset_user_attempts(request, {"username": username})


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Credentials = None
) -> HttpResponse:
    """Answer 429 with the time to wait: a page for people, a problem for programs."""
    seconds = int(settings.AXES_COOLOFF_TIME * 3600)
    minutes = max(1, seconds // 60)
    detail = _("Too many wrong passwords. Try again in %(minutes)d minutes.") % {"minutes": minutes}
    if request.path_info.startswith("/api/") or "json" in request.headers.get("Accept", ""):
        answer = problem(429, "locked-out", detail, request=request)
    else:
        answer = render(request, "accounts/locked_out.html", {"detail": detail}, status=429)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer
