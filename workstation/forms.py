"""What the pages take in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workgroup
from records.forms import RowField
from records.models import new_form_key
from tickets.models import Ticket
from tickets.models.tag import split_tags


class SignInForm(AuthenticationForm):
    """Username and password of somebody of the team."""

    error_messages = {
        "invalid_login": _("That username and password do not go together. Try again."),
        "inactive": _("This person is deactivated. Ask an administrator."),
        "customer": _("The workstation is for the team. Customers cannot sign in here."),
    }

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if not user.is_team_member:
            raise ValidationError(self.error_messages["customer"], code="customer")


class ReplyForm(forms.Form):
    content = forms.CharField(strip=False)
    internal = forms.BooleanField(required=False)
    then = forms.ChoiceField(required=False, choices=[("", ""), ("pending", ""), ("resolved", "")])
    client_id = forms.CharField(required=False, max_length=64)
    seen_seq = forms.IntegerField(required=False, min_value=0, max_value=2**62)
    force = forms.BooleanField(required=False)


class ChangeForm(forms.Form):
    """One change of a ticket, and the version that it was decided on."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)


class StatusForm(ChangeForm):
    status = forms.ChoiceField(choices=Ticket.Status.choices)


class PriorityForm(ChangeForm):
    priority = forms.ChoiceField(choices=Ticket.Priority.choices)


class AssigneeForm(ChangeForm):
    assignee = RowField(User.objects.active().team(), required=False)


class WorkgroupForm(ChangeForm):
    workgroup = RowField(Workgroup.objects.all(), required=False)


class TagsForm(ChangeForm):
    tags = forms.CharField(required=False, max_length=1200)

    def clean_tags(self) -> list[str]:
        return split_tags(self.cleaned_data["tags"])


class NewTicketForm(forms.Form):
    """A ticket to be opened. `form_key` lets one form open one, however often it is sent."""

    form_key = forms.CharField(required=False, widget=forms.HiddenInput, initial=new_form_key)
    requester = RowField(
        User.objects.active(),
        error_messages={
            "required": _("Choose the customer whom the ticket is for."),
            "invalid_choice": _("Choose an active person."),
        },
    )
    title = forms.CharField(
        max_length=200, error_messages={"required": _("Give the ticket a title.")}
    )
    content = forms.CharField(
        strip=False, error_messages={"required": _("Say what the ticket is about.")}
    )
    priority = forms.ChoiceField(choices=Ticket.Priority.choices)
    workgroup = RowField(Workgroup.objects.order_by("name"), required=False, empty_label=_("None"))


class AvailabilityForm(forms.Form):
    availability = forms.ChoiceField(choices=User.Availability.choices)


def value_of(form: forms.Form) -> dict[str, Any]:
    """Return what the form took in; raises ValidationError for what it cannot take."""
    if form.is_valid():
        return form.cleaned_data
    raise ValidationError(form.errors.as_data())
