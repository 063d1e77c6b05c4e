"""What people change about themselves in passing."""

from __future__ import annotations

from typing import Any

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
from workstation.pages.desk import frame, is_part
from workstation.ticket_list import Chosen


@agent_page
@require_POST
def availability(request: Any) -> HttpResponse:
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
    context = frame(request, Chosen())
    return render(request, "workstation/_availability.html", context, status=status)
