"""The admin site: Django's own, with our theme, front page and guards."""

from __future__ import annotations

from functools import update_wrapper
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth import authenticate, login
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from accounts.actor import Actor
from tokens.embedding.policies import NOBODY, framed_by
from tokens.login.addresses import safe_next
from tokens.login.guards import may_enter, turn_away
from tokens.login.middleware import by_origin, open_to_all
from tokens.request import token_request
from tokens.scopes import allows
from weiyu_site.dashboard import state_of_the_system, wrong_proxy

# What people do most stands first; anything else follows.
ORDER_OF_APPS = ("tickets", "messaging", "accounts", "tokens", "configuration")


class SignInForm(AdminAuthenticationForm):
    """Asks name and password, and lets in who may open the admin."""

    def confirm_login_allowed(self, user: Any) -> None:
        super(AdminAuthenticationForm, self).confirm_login_allowed(user)
        if not allows(user, None, "login:admin"):
            raise ValidationError(
                gettext_lazy("Only administrators may sign in here. Agents have the workstation."),
                code="role",
            )


class SignIn(LoginView):
    authentication_form = SignInForm
    template_name = "admin/login.html"

    def get_success_url(self) -> str:
        """Go on to a page of the admin, wherever the call asked to go."""
        page = self.request.POST.get("next") or self.request.GET.get("next")
        return safe_next("admin", page)

    def form_valid(self, form: Any) -> HttpResponse:
        # A session of a token, or of one that ended, must leave nothing in the new one.
        self.request.session.flush()
        login(self.request, form.get_user())
        return HttpResponseRedirect(self.get_success_url())


class OwnPasswordForm(AdminPasswordChangeForm):
    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        """Ask as signing in does, so that wrong passwords count for the lock-out."""
        old: str = self.cleaned_data["old_password"]
        if not authenticate(self.request, username=self.user.username, password=old):
            raise ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return old

    def save(self, commit: bool = True) -> Any:
        self.user.edit(by=Actor(self.user), password=self.cleaned_data["new_password1"])
        return self.user


class OwnPassword(PasswordChangeView):
    form_class = OwnPasswordForm
    template_name = "registration/password_change_form.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}


class WeiyuAdminSite(AdminSite):
    site_header = "Weiyu"
    site_title = "Weiyu"
    index_title = gettext_lazy("Overview")
    site_url = "/agent/"
    empty_value_display = "–"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let administrators in, by password or by a token that may open the admin."""
        return may_enter(token_request(request), "admin")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Ask strangers to sign in; tell others why not, instead of asking them again."""
        guarded = super().admin_view(view, cacheable)

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not self.has_permission(request):
                return turn_away(token_request(request), "admin")
            return guarded(request, *args, **kwargs)

        return update_wrapper(inner, view)

    @method_decorator(never_cache)
    @method_decorator(by_origin)
    @method_decorator(open_to_all)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(safe_next("admin", request.GET.get("next")))
        context = {
            "title": _("Sign in"),
            "site_title": self.site_title,
            "site_header": self.site_header,
            "next": request.POST.get("next") or request.GET.get("next", ""),
            **(extra_context or {}),
        }
        return framed_by(SignIn.as_view(extra_context=context)(request), NOBODY)

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return framed_by(super().logout(request, extra_context), NOBODY)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Change the own password by the domain's method; never in a token's session."""
        if token_request(request).access_token is not None:
            messages.error(
                request, _("You came by a link. Sign in with your password to change it.")
            )
            return HttpResponseRedirect(reverse("admin:index"))
        view = OwnPassword.as_view(
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return framed_by(view(request), NOBODY)

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        state = state_of_the_system(request.user)
        context = {"state": state, "wrong_proxy": wrong_proxy(request)}
        return super().index(request, {**context, **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        order = {label: place for place, label in enumerate(ORDER_OF_APPS)}
        return sorted(apps, key=lambda app: order.get(app["app_label"], len(order)))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **super().each_context(request),
            # By name: inside a frame it stays there.
            "site_url": reverse("workstation:home"),
            "may_open_workstation": may_enter(token_request(request), "agent"),
        }
