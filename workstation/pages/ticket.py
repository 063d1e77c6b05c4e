"""One ticket: reading it, answering it, changing it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.actor import Actor
from messaging.models import Conversation
from records.errors import REFUSALS, Refusal, sentence_of, status_of
from tickets.models import Ticket
from tokens.login.sign_in import SeeOther
from workstation.forms import (
    AssigneeForm,
    PriorityForm,
    ReplyForm,
    StatusForm,
    TagsForm,
    WorkgroupForm,
    value_of,
)
from workstation.pages.layout import (
    current_query,
    go_to,
    is_part,
    page_context,
    part_or_page,
    whole_page,
)
from workstation.permissions import Permissions, View, need_scope, scope_required
from workstation.request import AgentRequest
from workstation.ticket_list import ListQuery, count_tabs
from workstation.ticket_reply import reply as post_reply
from workstation.ticket_thread import TicketThread

Change = Callable[[AgentRequest, Ticket, Actor], None]


def _seen(request: AgentRequest, ticket_id: int) -> Ticket:
    tickets = Ticket.objects.visible_to(request.user).with_names()
    return get_object_or_404(
        tickets.select_related("requester", "assignee", "workgroup"), pk=ticket_id
    )


def _thread(request: AgentRequest, ticket: Ticket) -> TicketThread:
    return TicketThread(
        ticket,
        viewer=request.user,
        may=Permissions.of(request),
        by=Actor.of(request),
        before=request.GET.get("before", ""),
    )


@scope_required("tickets:read")
@require_GET
def ticket(request: AgentRequest, ticket_id: int) -> HttpResponse:
    query, thread = ListQuery.of(request.GET), _thread(request, _seen(request, ticket_id))
    part = "_timeline" if request.htmx.target == "earlier" else "_ticket"
    return part_or_page(request, query, part, thread=thread, open_id=ticket_id)


def changes(scope: str) -> Callable[[Change], View]:
    """Make a page of a change: refused in place where it is refused, and shown everywhere else.

    The answer always brings the present state, so that whoever is told "no" sees why.
    """

    def decorate(change: Change) -> View:
        @scope_required("tickets:read")
        @require_POST
        @wraps(change)
        def view(request: AgentRequest, ticket_id: int) -> HttpResponse:
            found = _seen_or_gone(request, ticket_id)
            if found is None:
                return _gone(request)
            try:
                need_scope(request, scope)
                change(request, found, Actor.of(request))
            except REFUSALS as refusal:
                return _answer(request, ticket_id, refusal=refusal)
            return _answer(request, ticket_id)

        return view

    return decorate


def _seen_or_gone(request: AgentRequest, ticket_id: int) -> Ticket | None:
    try:
        return _seen(request, ticket_id)
    except Http404:
        if is_part(request):
            return None
        raise


def _gone(request: AgentRequest) -> HttpResponse:
    context = {"alert": _("This ticket is no longer there, or no longer yours to see.")}
    return render(request, "workstation/_alert.html", context, status=404)


def _answer(request: AgentRequest, ticket_id: int, refusal: Refusal | None = None) -> HttpResponse:
    found = _seen_or_gone(request, ticket_id)
    if found is None:
        # Given away: what was asked for is done, and it is out of sight now.
        return _gone(request) if refusal else go_to(request, reverse("workstation:tickets"))
    if not is_part(request):
        return _whole_answer(request, found, refusal)
    context = {
        **page_context(request, current_query(request)),
        "thread": _thread(request, found),
        "counts": count_tabs(request.user),
        "alert": sentence_of(refusal) if refusal else "",
        "can_force": getattr(refusal, "code", "") == "stale-reply",
    }
    status = status_of(refusal) if refusal else 200
    response = render(request, "workstation/_changed.html", context, status=status)
    response.headers["HX-Trigger"] = json.dumps({f"ticket-{ticket_id}": {}})
    return response


def _whole_answer(request: AgentRequest, found: Ticket, refusal: Refusal | None) -> HttpResponse:
    """Answer a form that was sent without script."""
    if refusal is None:
        return SeeOther(reverse("workstation:ticket", args=[found.pk]))
    return whole_page(
        request,
        ListQuery(),
        status=status_of(refusal),
        thread=_thread(request, found),
        open_id=found.pk,
        alert=sentence_of(refusal),
        typed=request.POST.get("content", ""),
    )


@changes("messages:write")
def reply(request: AgentRequest, ticket: Ticket, by: Actor) -> None:
    sent = value_of(ReplyForm(request.POST))
    if sent["then"]:
        need_scope(request, "tickets:write")
    post_reply(ticket, by=by, **sent)


@changes("tickets:write")
def status(request: AgentRequest, ticket: Ticket, by: Actor) -> None:
    sent = value_of(StatusForm(request.POST))
    ticket.move_to(sent["status"], by=by, expected_version=sent["version"])


@changes("tickets:write")
def priority(request: AgentRequest, ticket: Ticket, by: Actor) -> None:
    _edit(ticket, by, value_of(PriorityForm(request.POST)))


@changes("tickets:write")
def assignee(request: AgentRequest, ticket: Ticket, by: Actor) -> None:
    if request.POST.get("assignee", "") not in {"", str(by.user_id), str(ticket.assignee_id)}:
        need_scope(request, "users:read")
    _edit(ticket, by, value_of(AssigneeForm(request.POST)))


@changes("tickets:write")
def workgroup(request: AgentRequest, ticket: Ticket, by: Actor) -> None:
    if request.POST.get("workgroup", "") not in {"", str(ticket.workgroup_id)}:
        need_scope(request, "users:read")
    _edit(ticket, by, value_of(WorkgroupForm(request.POST)))


@changes("tickets:write")
def tags(request: AgentRequest, ticket: Ticket, by: Actor) -> None:
    _edit(ticket, by, value_of(TagsForm(request.POST)))


@changes("tickets:write")
def claim(request: AgentRequest, ticket: Ticket, by: Actor) -> None:
    ticket.claim(by=by)


def _edit(ticket: Ticket, by: Actor, sent: dict[str, Any]) -> None:
    ticket.edit(by=by, expected_version=sent.pop("version"), **sent)


@scope_required("messages:read")
@require_POST
def read(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Note that the person has read what the page shows; a mark of their own, no more."""
    found = _seen(request, ticket_id)
    seq = request.POST.get("seq", "")
    conversation = Conversation.objects.filter(ticket=found).first()
    if conversation is not None and seq.isascii() and seq.isdigit():
        conversation.mark_read(request.user, int(seq[:18]))
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({f"ticket-{ticket_id}": {}})})
