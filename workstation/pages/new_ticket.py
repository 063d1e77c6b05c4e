"""Open a ticket for a customer."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import Case, Q, When
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actor import Actor
from accounts.models import User
from configuration.values import value
from records.errors import REFUSALS, sentence_of, status_of
from records.ids import is_id
from records.models import AlreadySent, SentForm, Submission, new_form_key
from tickets.models import Ticket
from workstation.forms import NewTicketForm
from workstation.pages.layout import go_to, part_or_page
from workstation.permissions import Permissions, need_scope, scope_required
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
    form, sent = NewTicketForm(request.POST), SentForm.of(request.user.pk, "desk", request.POST)
    try:
        names_others = request.POST.get("requester", "") not in {"", str(request.user.pk)}
        if names_others or request.POST.get("workgroup"):
            need_scope(request, "users:read")
        made = Submission.objects.made_by(sent)
        if made is None:
            if not form.is_valid():
                return _show(request, form, 400)
            made = Submission.objects.once(sent, partial(_open, request, **form.cleaned_data))
    except REFUSALS as refusal:
        if isinstance(refusal, AlreadySent):
            form.data = request.POST.copy()
            form.data["form_key"] = new_form_key()
        form.add_error(None, getattr(refusal, "messages", None) or sentence_of(refusal))
        return _show(request, form, status_of(refusal))
    return go_to(request, reverse("workstation:ticket", args=[made]))


def _open(request: AgentRequest, *, form_key: str, **said: Any) -> Ticket:
    return Ticket.objects.open_for(by=Actor.of(request), channel=Ticket.Channel.AGENT, **said)


def _show(request: AgentRequest, form: NewTicketForm, status: int) -> HttpResponse:
    given = form.data.get("requester", "") if form.is_bound else ""
    customer = None
    if is_id(given) and (Permissions.of(request).read_people or given == str(request.user.pk)):
        customer = User.objects.visible_to(request.user).filter(pk=given).first()
    pane = {"new_form": form, "customer": customer, "is_new": True}
    query = ListQuery.of(request.GET)
    return part_or_page(request, query, "_new_ticket", status=status, **pane)


@scope_required("users:read")
@require_GET
def customers(request: AgentRequest) -> HttpResponse:
    """Show the people whose name, username or address has the words."""
    words = request.GET.get("customer", "").replace("\x00", "").strip()[:100]
    found: list[User] = []
    if words:
        people = User.objects.visible_to(request.user).active().matching(words)
        # Tickets are rarely for the team itself, so customers come first.
        is_team = Q(role__in=[User.Role.AGENT, User.Role.ADMINISTRATOR])
        order = people.order_by(Case(When(is_team, then=1), default=0), "display_name", "username")
        found = list(order[:MOST_FOUND])
    context = {"found": found, "words": words, "is_only": len(found) == 1}
    return render(request, "workstation/_customers.html", context)
