"""The list of tickets, and its rows."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from tickets.models import Ticket
from workstation.pages.layout import (
    current_query,
    is_part,
    list_context,
    open_id,
    page_context,
    whole_page,
)
from workstation.permissions import scope_required
from workstation.request import AgentRequest
from workstation.ticket_list import ListQuery, rows_of


@scope_required("tickets:read")
@require_GET
def tickets(request: AgentRequest) -> HttpResponse:
    """Show the list, whole or as the part that a click or a key asks for."""
    query = ListQuery.of(request.GET)
    if not is_part(request):
        return whole_page(request, query)
    if request.htmx.target == "pane":
        return render(request, "workstation/_nothing_open.html", page_context(request, query))
    context = {**list_context(request, query), "open_id": open_id(request)}
    # What is open beside the list stays open, in the page and in its address.
    address = reverse("workstation:ticket", args=[context["open_id"]]) if context["open_id"] else ""
    is_search = request.htmx.target == "list-body"
    response = render(request, f"workstation/_list{'_body' if is_search else ''}.html", context)
    header = "HX-Replace-Url" if is_search else "HX-Push-Url"
    response.headers[header] = (address or reverse("workstation:tickets")) + query.query_string
    return response


@scope_required("tickets:read")
@require_GET
def more_rows(request: AgentRequest) -> HttpResponse:
    """Show the rows that follow those already on the screen."""
    query = ListQuery.of(request.GET)
    context = {**list_context(request, query), "open_id": open_id(request)}
    return render(request, "workstation/_rows.html", context)


@scope_required("tickets:read")
@require_GET
def row(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Show one row anew; nothing, which takes it out of the list, if it went out of sight."""
    ticket = Ticket.objects.visible_to(request.user).with_names().filter(pk=ticket_id).first()
    if ticket is None:
        return HttpResponse("")
    context = {**page_context(request, current_query(request)), "open_id": open_id(request)}
    context["row"] = rows_of([ticket], request.user, with_messages=context["may"].read_messages)[0]
    return render(request, "workstation/_ticket_row.html", context)
