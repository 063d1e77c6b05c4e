"""Sign in with a password, and out again."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tokens.embedding.policies import ANYONE, NOBODY, framed_by
from tokens.login.addresses import safe_next
from tokens.login.guards import may_enter
from tokens.login.middleware import by_origin, open_to_all
from tokens.login.sign_in import SeeOther
from tokens.request import token_request
from workstation.forms import SignInForm


@method_decorator(by_origin, name="dispatch")
@method_decorator(open_to_all, name="dispatch")
class SignIn(LoginView):
    """The password page of the team; framed by nobody, so that no page can lie over it."""

    authentication_form = SignInForm
    template_name = "workstation/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "GET" and may_enter(token_request(request), "agent"):
            return SeeOther(self.get_success_url())
        response = super().dispatch(request, *args, **kwargs)
        framed_by(response, NOBODY)
        return response

    def get_success_url(self) -> str:
        page = self.request.POST.get("next") or self.request.GET.get("next")
        return safe_next("agent", page)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        # All of the old session goes: a token that opened it must neither narrow nor end this one.
        self.request.session.flush()
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = self.get_success_url()
        return {**super().get_context_data(**kwargs), "next": page}


@open_to_all
@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return SeeOther(reverse("workstation:signed_out"))


@open_to_all
def signed_out(request: HttpRequest) -> HttpResponse:
    response = render(request, "workstation/signed_out.html")
    framed_by(response, ANYONE)
    return response
