"""The page of a token: its form, and the one answer that shows a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_variables

from accounts.actor import Actor
from accounts.models import User
from records.admin.domain import OneByName
from records.admin.filters import ByNameFilter
from records.errors import Conflict
from records.ids import is_id
from tokens.admin.actions import TokenActions
from tokens.admin.columns import TokenColumns
from tokens.admin.filters import RoleFilter, ScopeFilter, StateFilter, UnusedFilter
from tokens.admin.forms import ChangedTokenForm, NewTokenForm, TokenForm
from tokens.admin.simulator_page import SimulatorAdmin
from tokens.admin.unframed import UnframedAdmin
from tokens.diagnostics.explanations import explain_domains, explain_networks
from tokens.embedding.frames import in_frame
from tokens.models import AccessToken, AccessTokenQuerySet
from tokens.request import token_request
from tokens.scopes import ROLE_SCOPES, Scope, default_scopes, granted
from tokens.sessions.confirmation import confirm_url, password_needed


@admin.register(AccessToken)
class AccessTokenAdmin(TokenColumns, SimulatorAdmin, UnframedAdmin, TokenActions):
    list_display = [
        "name",
        "person",
        "state_badge",
        "scopes_short",
        "domains_short",
        "expires",
        "last_use",
        "ends_in",
    ]
    list_filter = [StateFilter, ("user", ByNameFilter), RoleFilter, ScopeFilter, UnusedFilter]
    list_select_related = ["user"]
    search_fields = ["searched__contains", "hint", "user__searched__contains"]
    search_help_text = gettext_lazy("Name, person, purpose, or the token's last six characters")
    autocomplete_fields = ["user"]
    change_form_template = "admin/tokens/accesstoken/change_form.html"

    # --- List -----------------------------------------------------------------------------------

    @property
    def media(self) -> Any:
        """Return what its pages load; the list finds people by name as the form does."""
        user = self.opts.get_field("user")
        by_name = OneByName(user, self.admin_site).media
        return super().media + by_name + Media(js=["tokens/admin_form.js"])

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessToken]:
        return cast("AccessTokenQuerySet", super().get_queryset(request)).visible_to(request.user)

    # --- Guards ---------------------------------------------------------------------------------

    def _alone(
        self, request: HttpRequest, view: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        ours = token_request(request)
        writes = request.method == "POST" or view.__name__ in {"changeform_view", "_delete_one"}
        asks = writes and self.has_change_permission(request) and password_needed(ours)
        # The page that asks is framed by nobody either.
        if asks and not in_frame(ours):
            return HttpResponseRedirect(confirm_url(request))
        return super()._alone(request, view, *args, **kwargs)

    # --- Form -----------------------------------------------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = ChangedTokenForm if obj else NewTokenForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: AccessToken | None = None) -> Any:
        who = [] if token_request(request).access_token else ["user"]
        ends = ["expires_at"] if obj else ["days", "until"]
        marks = ["too_wide"] if obj and self.too_wide(obj) else []
        shown = [
            (gettext_lazy("What it is for"), {"fields": [*who, "name", "description"]}),
            (gettext_lazy("What it may do"), {"fields": ["scopes"]}),
            (
                gettext_lazy("From where"),
                {"fields": [*marks, "domains", "allow_missing_referrer", "networks"]},
            ),
            (gettext_lazy("Until when"), {"fields": ends}),
        ]
        if obj is None:
            return shown
        shown[0][1]["fields"] = ["person", "name", "description"]
        return [(None, {"fields": _told(obj)}), *shown]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["person", *_told(obj), "too_wide"] if obj else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        user = self._person(request, initial.get("user"))
        initial["scopes"] = default_scopes(user.role if user else User.Role.AGENT)
        if own := token_request(request).access_token:
            # What goes beyond the caller's own token would be refused.
            has = granted(own.user, own)
            initial["scopes"] = sorted(has.intersection(initial["scopes"]))
        return initial

    def _person(self, request: HttpRequest, user_id: Any) -> User | None:
        if token_request(request).access_token:
            return cast("User", request.user)
        return User.objects.filter(pk=user_id).first() if is_id(user_id or "") else None

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["show_save_and_continue"] = False
        context["save_label"] = "" if context.get("original") else gettext("Make the token")
        context["show_delete"] = False
        context["explain_url"] = reverse("admin:tokens_accesstoken_explain")
        context["person_url"] = reverse("admin:tokens_accesstoken_person")
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Writing --------------------------------------------------------------------------------

    @sensitive_variables("secret")
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        written, by = form.cleaned_data, Actor.of(request)
        if not written["form_key"]:
            sentence = gettext("This form was sent already, or has lost its key: open a new one.")
            raise Conflict(sentence, code="already-sent")

        @sensitive_variables("secret")
        def issue() -> AccessToken:
            row, secret = AccessToken.objects.issue(
                user=written.get("user") or cast("User", request.user),
                expires_at=form.expires_at(),
                by=by,
                **{name: written[name] for name in TokenForm.Meta.fields},
            )
            row.record("shown", by=by)
            token_request(request).new_secret = secret
            return row

        self.make_once(request, obj, issue)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: Any = None
    ) -> HttpResponse:
        if secret := token_request(request).new_secret:
            return self.issued(request, obj, secret)
        return self.response_repeated(request, obj)

    def response_repeated(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Go to the token that the form has made; what it showed is shown once."""
        if obj is None:
            return super().response_repeated(request, obj)
        sentence = gettext(
            "This form was sent already: its token was made and shown once. If you have not copied "
            "it, rotate this one: that shows its successor."
        )
        self.message_user(request, sentence, messages.WARNING)
        return HttpResponseRedirect(self.page_of(obj.pk))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Go to the audit: there is one history of tokens, not two."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        audit = reverse("admin:tokens_tokenevent_changelist")
        wanted = object_id if is_id(object_id) else "0"
        return HttpResponseRedirect(f"{audit}?token_id__exact={wanted}")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        return self._alone(request, self._delete_one, object_id)

    # --- What the form asks while somebody types ------------------------------------------------

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("explain/", view(self.explain_view), name="tokens_accesstoken_explain"),
            path("person/", view(self.person_view), name="tokens_accesstoken_person"),
            *super().get_urls(),
        ]

    def explain_view(self, request: HttpRequest) -> JsonResponse:
        """Say what lines of domains or networks mean."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        found = {
            "domains": explain_domains(request.GET.get("domains", "")),
            "networks": explain_networks(request.GET.get("networks", "")),
        }
        return JsonResponse(found)

    def person_view(self, request: HttpRequest) -> JsonResponse:
        """Say which permissions a person's role has, and which are ticked for it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        user = self._person(request, request.GET.get("user"))
        if user is None:
            return JsonResponse({"role": "", "has": Scope.values, "ticked": []})
        return JsonResponse(
            {
                "role": user.get_role_display(),
                "has": sorted(ROLE_SCOPES[user.role]),
                "ticked": default_scopes(user.role),
            }
        )


def _told(token: AccessToken) -> list[str]:
    """Return what the page of a token tells above its form: no line without anything in it."""
    is_rotated = token.grace_until or AccessToken.objects.filter(successor=token).exists()
    rotation = ["rotation"] if is_rotated else []
    disabling = ["disabling"] if token.disabled_at else []
    return ["state_badge", *rotation, "ends_in", "made", "last_use", *disabling]
