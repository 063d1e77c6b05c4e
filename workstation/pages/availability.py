"""What people change about themselves in passing."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.actor import Actor
from accounts.models import User
from tokens.login.guards import agent_page
from tokens.login.sign_in import SeeOther
from workstation.forms import AvailabilityForm, value_of
from workstation.pages.layout import is_part, page_context
from workstation.request import AgentRequest
from workstation.ticket_list import ListQuery


@agent_page
@require_POST
def availability(request: AgentRequest) -> HttpResponse:
    status = 200
    try:
        sent = value_of(AvailabilityForm(request.POST))
        me = User.objects.get(pk=request.user.pk)
        me.edit(by=Actor.of(request), availability=sent["availability"])
        request.user.availability = me.availability
    except ValidationError:
        status = 400
    if not is_part(request):
        return SeeOther(reverse("workstation:tickets"))
    context = page_context(request, ListQuery())
    return render(request, "workstation/_availability.html", context, status=status)
