"""The page around everything: whole, or the part of it that htmx asks for."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import Resolver404, resolve

from accounts.models import User
from tickets.models import Ticket
from tokens.embedding.frames import without
from tokens.login.sign_in import SeeOther
from workstation.permissions import Permissions
from workstation.request import AgentRequest
from workstation.ticket_list import (
    FILTERS,
    TABS,
    Cursor,
    ListQuery,
    count_tabs,
    page_after,
    rows_of,
)


def is_part(request: AgentRequest) -> bool:
    """Return whether htmx asks for a part of the page; on the way back it wants it whole."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def part_or_page(
    request: AgentRequest, query: ListQuery, part: str, *, status: int = 200, **pane: Any
) -> HttpResponse:
    """Answer htmx with one part, and everybody else with the whole page around it."""
    if not is_part(request):
        return whole_page(request, query, status=status, **pane)
    context = {**page_context(request, query), **pane}
    return render(request, f"workstation/{part}.html", context, status=status)


def whole_page(
    request: AgentRequest, query: ListQuery, *, status: int = 200, **pane: Any
) -> HttpResponse:
    """Answer with the whole page; `pane` is what stands beside the list."""
    context = {**list_context(request, query), **pane}
    return render(request, "workstation/desk.html", context, status=status)


def go_to(request: AgentRequest, address: str) -> HttpResponse:
    """Send the browser to another page; htmx would put it into this one."""
    if is_part(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return SeeOther(address)


def page_context(request: AgentRequest, query: ListQuery) -> dict[str, Any]:
    """Return what every part of the page needs."""
    return {
        "may": Permissions.of(request),
        "me": request.user,
        "list_query": query,
        "availabilities": User.Availability.choices,
    }


def list_context(request: AgentRequest, query: ListQuery) -> dict[str, Any]:
    """Return what the list needs, and every part of the page."""
    context = page_context(request, query)
    visible = Ticket.objects.visible_to(request.user).with_names()
    page = page_after(query.apply(visible, request.user), Cursor.read(request.GET.get("after", "")))
    counts = count_tabs(request.user)
    shows_words = context["may"].read_messages
    return {
        **context,
        "rows": rows_of(page.tickets, request.user, with_messages=shows_words),
        "after": page.next,
        "tabs": [(tab, label, counts.get(tab), query.with_tab(tab)) for tab, label in TABS.items()],
        "filters": FILTERS.items(),
    }


def current_query(request: AgentRequest) -> ListQuery:
    """Return what is chosen in the page that asks for a part of itself."""
    try:
        return ListQuery.of(QueryDict(_current_page(request).query))
    except TooManyFieldsSent:
        return ListQuery.of(QueryDict())


def open_id(request: AgentRequest) -> int | None:
    """Return the ticket that stands open in the page that asks, if there is one."""
    path = without(_current_page(request).path)
    try:
        found = resolve(path)
    except Resolver404:
        return None
    return found.kwargs["ticket_id"] if found.view_name == "workstation:ticket" else None


def _current_page(request: AgentRequest) -> SplitResult:
    """Return the address of the page that asks for a part of itself; no address is none.

    Writes ask for it once they are done, and must be answered whatever the header holds.
    """
    try:
        return urlsplit(request.htmx.current_url or "")
    except ValueError:
        return urlsplit("")
