"""What the admin's front page says about the system: few figures, each with its list."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from stats.charts import Chart, tickets_per_day
from tickets.lifecycle import UNRESOLVED
from tickets.models import Ticket
from tokens.errors import SENTENCES
from tokens.models import AccessToken, TokenEvent
from tokens.models.states import condition_of, good_now
from tokens.request import token_of
from tokens.scopes import allows

SHOWN_ROWS = 5
RECENT = timedelta(days=1)


@dataclass(frozen=True)
class Figure:
    """A number with its name and the list that it counts."""

    label: str
    count: int
    page: str
    tone: str = ""

    @property
    def is_loud(self) -> bool:
        return bool(self.tone and self.count)


@dataclass
class State:
    """The parts that the caller may see; a part that they may not see is empty."""

    work: list[Figure] = field(default_factory=list)
    statuses: list[Figure] = field(default_factory=list)
    most: int = 1
    chart: Chart | None = None
    people: list[Figure] = field(default_factory=list)
    tokens: list[Figure] = field(default_factory=list)
    expiring: list[AccessToken] = field(default_factory=list)
    denials: list[TokenEvent] = field(default_factory=list)


def state_of_the_system(user: Any) -> State:
    """Return the figures and rows that `user` may see, by at most eight queries."""
    state = State()
    if user.has_perm("tickets.view_ticket"):
        _add_tickets(state, user)
    if allows(user, token_of(user), "statistics:read"):
        state.chart = tickets_per_day(user)
    if user.has_perm("accounts.view_user"):
        _add_people(state)
    if user.has_perm("tokens.view_accesstoken"):
        _add_tokens(state)
    return state


def wrong_proxy(request: HttpRequest) -> str:
    """Return what a proxy passes on wrongly, as a sentence, "" where nothing is."""
    called = f"{request.scheme}://{request.get_host()}"
    if not settings.PUBLIC_URL or called == settings.PUBLIC_URL:
        return ""
    return _(
        "You called this site as %(called)s, and WEIYU_PUBLIC_URL is %(ours)s. If your browser "
        "shows the latter, the proxy does not pass on what it should: Host with its port, "
        "X-Forwarded-Proto, and its own address in WEIYU_TRUSTED_PROXIES."
    ) % {"called": called, "ours": settings.PUBLIC_URL}


def _add_tickets(state: State, user: User) -> None:
    counts = Ticket.objects.visible_to(user).aggregate(
        waiting=Count("pk", filter=Q(waiting_since__isnull=False, status__in=["new", "open"])),
        unassigned=Count("pk", filter=Q(assignee=None, status__in=UNRESOLVED)),
        urgent=Count("pk", filter=Q(priority="urgent", status__in=UNRESOLVED)),
        **{f"is_{status}": Count("pk", filter=Q(status=status)) for status in Ticket.Status.values},
    )
    page = "tickets_ticket"
    state.work = [
        Figure(_("Waiting for us"), counts["waiting"], _list(page, work="waiting"), "warm"),
        Figure(_("Unassigned"), counts["unassigned"], _list(page, work="unassigned"), "warm"),
        Figure(_("Urgent"), counts["urgent"], _list(page, work="urgent"), "bad"),
    ]
    state.statuses = [
        Figure(str(label), counts[f"is_{status}"], _list(page, status__exact=status), status)
        for status, label in Ticket.Status.choices
    ]
    state.most = max(1, *(figure.count for figure in state.statuses))


def _add_people(state: State) -> None:
    active = Q(is_active=True)
    counts = User.objects.aggregate(
        **{role: Count("pk", filter=active & Q(role=role)) for role in User.Role.values}
    )
    state.people = [
        Figure(
            str(label), counts[role], _list("accounts_user", role__exact=role, is_active__exact=1)
        )
        for role, label in User.Role.choices
    ]


def _add_tokens(state: State) -> None:
    now, is_good = timezone.now(), good_now()
    counts = AccessToken.objects.aggregate(
        active=Count("pk", filter=is_good),
        expiring=Count("pk", filter=is_good & condition_of(AccessToken.State.EXPIRING)),
        reused=Count("pk", filter=Q(used_after_rotation_at__isnull=False)),
    )
    denied = TokenEvent.objects.denials().filter(at__gte=now - RECENT)
    page = "tokens_accesstoken"
    state.tokens = [
        Figure(_("Good now"), counts["active"], _list(page, state="good")),
        Figure(_("Expiring soon"), counts["expiring"], _list(page, state="expiring"), "warm"),
        Figure(
            _("Denied in 24 hours"),
            denied.count(),
            _list("tokens_denial", at__gte=(now - RECENT).isoformat(timespec="seconds")),
            "bad",
        ),
        Figure(_("Used after rotation"), counts["reused"], _list(page, unused="rotated"), "bad"),
    ]
    expiring = AccessToken.objects.expiring().select_related("user").order_by("expires_at")
    state.expiring = list(expiring[:SHOWN_ROWS])
    state.denials = list(TokenEvent.objects.denials().order_by("-at")[:SHOWN_ROWS])
    for denial in state.denials:
        sentence = SENTENCES.get(denial.cause)
        vars(denial)["why"] = sentence[0] if sentence else denial.cause


def _list(model: str, **filters: Any) -> str:
    return reverse(f"admin:{model}_changelist") + "?" + urlencode(filters)
