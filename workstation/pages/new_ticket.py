"""Open a ticket for a customer."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, Q, When
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actor import Actor
from accounts.models import User
from configuration.values import value
from records.errors import Conflict
from records.ids import is_id
from tickets.models import Ticket
from tokens.login.sign_in import SeeOther
from workstation.forms import NewTicketForm
from workstation.pages.layout import is_part, page_context, whole_page
from workstation.permissions import need_scope, scope_required
from workstation.request import AgentRequest
from workstation.ticket_list import ListQuery

MOST_FOUND = 8


@scope_required("tickets:write")
@require_http_methods(["GET", "POST"])
def new_ticket(request: AgentRequest) -> HttpResponse:
    """Show the form; what was typed stays in it when it is refused."""
    if request.method == "GET":
        form = NewTicketForm(initial={"priority": value("default_priority")})
        return _show(request, form, 200)
    form = NewTicketForm(request.POST)
    if not form.is_valid():
        return _show(request, form, 400)
    try:
        if form.cleaned_data["requester"] != request.user or form.cleaned_data["workgroup"]:
            need_scope(request, "users:read")
        made = Ticket.objects.open_for(
            by=Actor.of(request), channel=Ticket.Channel.AGENT, **form.cleaned_data
        )
    except ValidationError as refusal:
        form.add_error(None, refusal.messages)
        return _show(request, form, 400)
    except (Conflict, PermissionDenied) as refusal:
        form.add_error(None, str(refusal))
        return _show(request, form, 409 if isinstance(refusal, Conflict) else 403)
    address = reverse("workstation:ticket", args=[made.pk])
    if is_part(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return SeeOther(address)


def _show(request: AgentRequest, form: NewTicketForm, status: int) -> HttpResponse:
    query = ListQuery.of(request.GET)
    given = form.data.get("requester", "") if form.is_bound else ""
    customer = None
    if is_id(given):
        customer = User.objects.visible_to(request.user).filter(pk=given).first()
    context = {"new_form": form, "customer": customer, "is_new": True}
    if not is_part(request):
        return whole_page(request, query, status=status, **context)
    context = {**page_context(request, query), **context}
    return render(request, "workstation/_new_ticket.html", context, status=status)


@scope_required("users:read")
@require_GET
def customers(request: AgentRequest) -> HttpResponse:
    """Show the people whose name, username or address has the words."""
    words = request.GET.get("customer", "").replace("\x00", "").strip()[:100]
    found: list[User] = []
    if words:
        named = (
            Q(display_name__icontains=words)
            | Q(username__icontains=words)
            | Q(email__icontains=words)
        )
        people = User.objects.visible_to(request.user).active().filter(named)
        # Tickets are rarely for the team itself, so customers come first.
        is_team = Q(role__in=[User.Role.AGENT, User.Role.ADMINISTRATOR])
        order = people.order_by(Case(When(is_team, then=1), default=0), "display_name", "username")
        found = list(order[:MOST_FOUND])
    context = {"found": found, "words": words, "is_only": len(found) == 1}
    return render(request, "workstation/_customers.html", context)
