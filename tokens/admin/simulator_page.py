"""The page where an administrator tries what would become of a token."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from rest.addresses import site_address
from tokens.admin.unframed import UnframedAdmin
from tokens.diagnostics.pasted import Pasted, read
from tokens.diagnostics.simulator import Question, Simulation, simulate
from tokens.embedding.frames import in_frame
from tokens.errors import Refused
from tokens.origins.domains import Origin
from tokens.request import token_request
from tokens.scopes import LOGIN_SCOPES, Scope
from tokens.sessions.confirmation import confirm_url, password_needed

LONGEST_PASTE = 16 * 1024


class _Unshown(forms.Textarea):
    """A field whose value never comes back in a page."""

    def format_value(self, value: Any) -> str:
        return ""


class SimulatorForm(forms.Form):
    secret = forms.CharField(
        label=gettext_lazy("Token or login address"),
        max_length=LONGEST_PASTE,
        widget=_Unshown(
            attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
        ),
        help_text=gettext_lazy(
            "It is looked at and forgotten: neither stored, nor logged, nor shown again."
        ),
    )
    page = forms.CharField(
        label=gettext_lazy("Page that links to it or embeds it"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(
            attrs={"placeholder": "https://crm.example.com/", "class": "vTextField"}
        ),
        help_text=gettext_lazy("Empty: only what shows no page is tried."),
    )
    address = forms.GenericIPAddressField(
        label=gettext_lazy("Client address"),
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "203.0.113.9", "class": "vTextField"}),
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Permission that the API call needs"),
        required=False,
        choices=[
            ("", gettext_lazy("None: the own profile")),
            *((scope, scope) for scope in Scope.values if scope not in LOGIN_SCOPES),
        ],
    )

    def __init__(self, *args: Any, own_address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["address"].help_text = _("Empty: yours, %(address)s.") % {
            "address": own_address
        }

    def clean_page(self) -> Origin | None:
        text = self.cleaned_data["page"].strip()
        origin = Origin.parse(text)
        if text and origin is None:
            raise ValidationError(
                _("Write the whole address of the page, such as https://crm.example.com/.")
            )
        return origin


class SimulatorAdmin(UnframedAdmin):
    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.simulator_view)
        return [path("try/", view, name="tokens_accesstoken_try"), *super().get_urls()]

    @method_decorator(sensitive_post_parameters("secret"))
    def simulator_view(self, request: HttpRequest) -> Any:
        """Say what would happen to a pasted token; nothing of the simulation is kept."""
        may = self.has_view_permission(request)
        # The page that asks for the password is framed by nobody either.
        ours = token_request(request)
        if may and password_needed(ours) and not in_frame(ours):
            return HttpResponseRedirect(confirm_url(request))
        return self._alone(request, self._simulator)

    def _simulator(self, request: HttpRequest) -> TemplateResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        own_address = request.META.get("REMOTE_ADDR", "")
        form = SimulatorForm(request.POST or None, own_address=own_address)
        return self.render(
            request,
            "admin/tokens/accesstoken/try.html",
            title=_("Try a token"),
            form=form,
            simulation=_simulated(request, form) if form.is_bound and form.is_valid() else None,
        )


@sensitive_variables("pasted", "given", "form")
def _simulated(request: HttpRequest, form: SimulatorForm) -> Simulation:
    given = form.cleaned_data
    try:
        pasted: Pasted = read(given["secret"])
    except Refused as refusal:
        return Simulation.of_nothing(refusal)
    own = pasted.server or Origin.parse(site_address(request))
    question = Question(
        address=given["address"] or request.META.get("REMOTE_ADDR", ""),
        own=own or Origin("http", "localhost", 80),
        page=given["page"],
        scope=given["scope"],
    )
    return simulate(pasted, question)
