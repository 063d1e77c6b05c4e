"""The list of tickets, and the page around everything."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_GET

from accounts.models import User
from tickets.models import Ticket
from tokens.embedding.frames import without
from workstation.permissions import Rights, reads
from workstation.ticket_list import FILTERS, TABS, Chosen, Place, count_tabs, page_after, rows_of


@reads("tickets:read")
@require_GET
def tickets(request: Any) -> HttpResponse:
    """Show the list, whole or as the part that a click or a key asks for."""
    chosen = Chosen.of(request.GET)
    if not is_part(request):
        return desk(request, chosen)
    if request.htmx.target == "pane":
        return render(request, "workstation/_nothing_open.html", frame(request, chosen))
    context = {**frame(request, chosen), **list_of(request, chosen), "open_id": open_id(request)}
    # What is open beside the list stays open, in the page and in its address.
    address = reverse("workstation:ticket", args=[context["open_id"]]) if context["open_id"] else ""
    is_search = request.htmx.target == "list-body"
    response = render(request, f"workstation/_list{'_body' if is_search else ''}.html", context)
    header = "HX-Replace-Url" if is_search else "HX-Push-Url"
    response.headers[header] = (address or reverse("workstation:tickets")) + chosen.query
    return response


@reads("tickets:read")
@require_GET
def more_rows(request: Any) -> HttpResponse:
    """Show the rows that follow those already on the screen."""
    chosen = Chosen.of(request.GET)
    context = {**frame(request, chosen), **list_of(request, chosen), "open_id": open_id(request)}
    return render(request, "workstation/_rows.html", context)


@reads("tickets:read")
@require_GET
def row(request: Any, ticket_id: int) -> HttpResponse:
    """Show one row anew; nothing, which takes it out of the list, if it went out of sight."""
    ticket = Ticket.objects.visible_to(request.user).with_names().filter(pk=ticket_id).first()
    if ticket is None:
        return HttpResponse("")
    context = {**frame(request, chosen_there(request)), "open_id": open_id(request)}
    context["row"] = rows_of([ticket], request.user, with_messages=context["may"].read_messages)[0]
    return render(request, "workstation/_ticket_row.html", context)


def is_part(request: Any) -> bool:
    """Return whether htmx asks for a part of the page; on the way back it wants it whole."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def desk(request: Any, chosen: Chosen, *, status: int = 200, **pane: Any) -> HttpResponse:
    """Answer with the whole page; `pane` is what stands beside the list."""
    context = {**frame(request, chosen), **list_of(request, chosen), **pane}
    return render(request, "workstation/desk.html", context, status=status)


def frame(request: Any, chosen: Chosen) -> dict[str, Any]:
    """Return what every part of the page needs."""
    return {
        "may": Rights.of(request),
        "me": request.user,
        "chosen": chosen,
        "availabilities": User.Availability.choices,
    }


def list_of(request: Any, chosen: Chosen) -> dict[str, Any]:
    may = Rights.of(request)
    visible = Ticket.objects.visible_to(request.user).with_names()
    page = page_after(chosen.apply(visible, request.user), Place.read(request.GET.get("after", "")))
    counts = count_tabs(request.user)
    return {
        "rows": rows_of(page.tickets, request.user, with_messages=may.read_messages),
        "after": page.next,
        "tabs": [
            (tab, label, counts.get(tab), chosen.with_tab(tab)) for tab, label in TABS.items()
        ],
        "filters": FILTERS.items(),
    }


def chosen_there(request: Any) -> Chosen:
    """Return what is chosen in the page that asks for a part of itself."""
    try:
        return Chosen.of(QueryDict(_page_there(request).query))
    except TooManyFieldsSent:
        return Chosen.of(QueryDict())


def open_id(request: Any) -> int | None:
    """Return the ticket that stands open in the page that asks, if there is one."""
    path = without(_page_there(request).path)
    try:
        found = resolve(path)
    except Resolver404:
        return None
    return found.kwargs["ticket_id"] if found.view_name == "workstation:ticket" else None


def _page_there(request: Any) -> SplitResult:
    """Return the address of the page that asks for a part of itself; no address is none.

    Writes ask for it once they are done, and must be answered whatever the header holds.
    """
    try:
        return urlsplit(request.htmx.current_url or "")
    except ValueError:
        return urlsplit("")
