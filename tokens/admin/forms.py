"""The form of a token in the admin: what the domain needs, in fields that explain themselves."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from configuration.values import value
from records.admin.domain import DomainForm, ListedField
from tokens.models import AccessToken
from tokens.origins import domains, networks
from tokens.scopes import Scope

GROUPS = {
    "login": _("Sign in by link"),
    "tickets": _("Tickets"),
    "messages": _("Conversations and messages"),
    "users": _("People and workgroups"),
    "statistics": _("Statistics"),
    "settings": _("System configuration"),
    "tokens": _("AccessTokens"),
}
DAYS = (1, 7, 30, 90)
OWN_DATE = "own"
MOMENT = "%Y-%m-%dT%H:%M:%S"


def grouped_scopes() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Return the scopes under the names of their families, each with its sentence."""
    return [
        (title, [choice for choice in Scope.choices if choice[0].partition(":")[0] == family])
        for family, title in GROUPS.items()
    ]


class ScopesWidget(forms.CheckboxSelectMultiple):
    template_name = "tokens/scopes_widget.html"


class LinesField(ListedField):
    """Lines of which `parse` refuses what cannot be saved."""

    def __init__(self, *, parse: Any, example: str, **kwargs: Any) -> None:
        widget = forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "placeholder": example, "class": "vLines"}
        )
        super().__init__(required=False, widget=widget, **kwargs)
        self.parse = parse

    def clean(self, value: Any) -> list[str]:
        return [str(entry) for entry in self.parse(super().clean(value))]


class TokenForm(DomainForm):
    """What can be written about a token, new or not."""

    scopes = forms.MultipleChoiceField(
        label=_("Permissions"),
        choices=grouped_scopes,
        required=False,
        widget=ScopesWidget,
        help_text=_(
            "A token never does more than the person's role. Writing includes reading. What the "
            "role has is ticked; what opens people, configuration and tokens is ticked by hand."
        ),
    )
    domains = LinesField(
        label=_("Allowed domains"),
        parse=domains.parse_all,
        example="crm.example.com\n*.example.org",
        help_text=_(
            "One a line; empty allows pages of every site. Browsers are held to domains. A program "
            "can forge Origin and Referer, so a server's token wants networks instead."
        ),
    )
    networks = LinesField(
        label=_("Allowed networks"),
        parse=networks.parse_all,
        example="203.0.113.0/24",
        help_text=_("One a line; empty allows every network. They bind every call."),
    )

    class Meta:
        model = AccessToken
        fields: tuple[str, ...] = (
            "name",
            "description",
            "scopes",
            "domains",
            "networks",
            "allow_missing_referrer",
        )
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}


class NewTokenForm(TokenForm):
    """A token to be made."""

    error_fields = {"expires_at": "days"}

    days = forms.ChoiceField(label=_("Good for"), widget=forms.RadioSelect)
    until = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longest, usual = value("token_longest_days"), value("token_default_days")
        offered = sorted({*DAYS, usual} & set(range(1, longest + 1)))
        days = cast(forms.ChoiceField, self.fields["days"])
        days.choices = [
            *((str(n), ngettext("%(n)d day", "%(n)d days", n) % {"n": n}) for n in offered),
            (OWN_DATE, _("until the end of a day of your choice")),
        ]
        days.initial = str(usual)
        self.fields["until"].help_text = ngettext(
            "A token lives %(n)d day at most.", "A token lives %(n)d days at most.", longest
        ) % {"n": longest}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        wants_day = cleaned.get("days") == OWN_DATE and "until" not in self.errors
        if wants_day and not cleaned.get("until"):
            self.add_error("until", gettext("Choose the last day."))
        return cleaned

    def expires_at(self) -> datetime:
        """Return the end that was chosen; a day ends at midnight in the reader's time zone."""
        chosen = self.cleaned_data["days"]
        if chosen != OWN_DATE:
            return timezone.now() + timedelta(days=int(chosen))
        last = self.cleaned_data["until"]
        try:
            return timezone.make_aware(datetime.combine(last, time(23, 59, 59)))
        except (OverflowError, ValueError) as error:
            raise ValidationError({"until": gettext("Choose a nearer day.")}) from error


class ChangedTokenForm(TokenForm):
    expires_at = forms.DateTimeField(
        label=_("Expires"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format=MOMENT),
        help_text=_("It can be brought nearer, never put off: make a new token for that."),
    )

    class Meta(TokenForm.Meta):
        fields: tuple[str, ...] = (*TokenForm.Meta.fields, "expires_at")
