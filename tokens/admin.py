"""AccessTokens and their audit in the admin. Token pages are framed by nobody."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from accounts.actor import Actor
from accounts.conflicts import Conflict
from accounts.domain_admin import DomainAdmin
from accounts.models import User
from tokens import snippets
from tokens.doors import confirm_url, password_needed
from tokens.explanations import explain_domains, explain_networks
from tokens.forms import ChangedTokenForm, NewTokenForm
from tokens.framing import NOBODY, framed_by
from tokens.middleware import in_frame
from tokens.models import EXPIRING_WITHIN, AccessToken, Session, TokenEvent
from tokens.scopes import ROLE_SCOPES, Scope, default_scopes
from tokens.verification import SENTENCES

FORM_KEYS = "_token_forms"
MOST_OPEN_FORMS = 20
UNUSED_FOR = timedelta(days=90)
_SHORT_RIGHTS = {"write": "rw", "read": "r"}


class TokenPages(admin.ModelAdmin):
    """Pages that no frame may show: what they give away is worth a hidden click."""

    def changelist_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self._alone(request, super().changelist_view, *args, **kwargs)

    def changeform_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self._alone(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self._alone(request, super().delete_view, *args, **kwargs)

    def history_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self._alone(request, super().history_view, *args, **kwargs)

    def _alone(self, request: Any, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if in_frame(request):
            # The browser would show an empty box; this says where the page is.
            context = {**self.admin_site.each_context(request), "title": _("Not inside a frame")}
            return TemplateResponse(request, "admin/tokens/in_frame.html", context)
        response = view(request, *args, **kwargs)
        framed_by(response, NOBODY)
        return response


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [("good", gettext_lazy("Good now")), *AccessToken.State.choices]

    def queryset(self, request: Any, queryset: Any) -> Any:
        now, soon = timezone.now(), timezone.now() + EXPIRING_WITHIN
        enabled = queryset.filter(disabled_at=None)
        match self.value():
            case "good":
                return queryset.active()
            case AccessToken.State.ACTIVE:
                return enabled.filter(expires_at__gt=soon)
            case AccessToken.State.EXPIRING:
                return queryset.expiring()
            case AccessToken.State.EXPIRED:
                return enabled.filter(expires_at__lte=now)
            case AccessToken.State.DISABLED:
                return queryset.filter(disabled_at__isnull=False)
        return queryset


class ScopeFilter(admin.SimpleListFilter):
    title = gettext_lazy("permission")
    parameter_name = "scope"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(scope, scope) for scope in Scope.values]

    def queryset(self, request: Any, queryset: Any) -> Any:
        if self.value() not in Scope.values:
            return queryset
        # Not every database looks into JSON lists; the quotes keep this exact.
        texts = queryset.annotate(scopes_text=Cast("scopes", TextField()))
        return texts.filter(scopes_text__contains=f'"{self.value()}"')


class UnusedFilter(admin.SimpleListFilter):
    title = gettext_lazy("use")
    parameter_name = "unused"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [("90", gettext_lazy("Unused for 90 days")), ("never", gettext_lazy("Never used"))]

    def queryset(self, request: Any, queryset: Any) -> Any:
        if self.value() == "90":
            return queryset.unused_since(timezone.now() - UNUSED_FOR)
        return queryset.filter(last_used_at=None) if self.value() == "never" else queryset


class RoleFilter(admin.SimpleListFilter):
    title = gettext_lazy("role of the person")
    parameter_name = "role"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return list(User.Role.choices)

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(user__role=self.value()) if self.value() else queryset


@admin.register(AccessToken)
class AccessTokenAdmin(TokenPages, DomainAdmin):
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
    list_filter = [StateFilter, RoleFilter, ScopeFilter, UnusedFilter]
    list_select_related = ["user"]
    search_fields = ["name", "hint", "description", "user__username", "user__display_name"]
    search_help_text = gettext_lazy("Name, person, purpose, or the token's last six characters")
    autocomplete_fields = ["user"]
    actions = ["disable_tokens", "enable_tokens", "delete_tokens"]
    change_form_template = "admin/tokens/accesstoken/change_form.html"

    class Media:
        js = ["tokens/admin_form.js"]

    # --- List -----------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessToken]:
        return super().get_queryset(request).visible_to(request.user)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("person"), ordering="user__username")
    def person(self, token: AccessToken) -> str:
        return format_html('<span title="{}">{}</span>', token.user.username, token.user)

    @admin.display(description=gettext_lazy("state"))
    def state_badge(self, token: AccessToken) -> str:
        return format_html(
            '<span class="badge badge-{}">{}</span>', token.state.value, token.state.label
        )

    @admin.display(description=gettext_lazy("permissions"))
    def scopes_short(self, token: AccessToken) -> str:
        if not token.scopes:
            return _("none")
        if sorted(token.scopes) == default_scopes(token.user.role):
            title = ", ".join(token.scopes)
            return format_html('<span class="chip" title="{}">{}</span>', title, _("the usual"))
        return format_html_join("", '<span class="chip">{}</span>', _short(token.scopes))

    @admin.display(description=gettext_lazy("domains, networks"))
    def domains_short(self, token: AccessToken) -> str:
        entries = [*token.domains, *token.networks]
        if not entries:
            return format_html('<span class="quiet">{}</span>', _("everywhere"))
        more = f" +{len(entries) - 2}" if len(entries) > 2 else ""
        short = ", ".join(entries[:2]) + more
        return format_html('<span title="{}">{}</span>', ", ".join(entries), short)

    @admin.display(description=gettext_lazy("expires"), ordering="expires_at")
    def expires(self, token: AccessToken) -> str:
        moment = timezone.localtime(token.expires_at)
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            moment.isoformat(),
            date_format(moment, "DATETIME_FORMAT"),
            date_format(moment, "DATE_FORMAT"),
        )

    @admin.display(description=gettext_lazy("last used"), ordering="last_used_at")
    def last_use(self, token: AccessToken) -> str:
        if token.last_used_at is None:
            return format_html('<span class="quiet">{}</span>', _("never"))
        place = " · ".join(filter(None, [token.last_used_address, token.last_used_origin]))
        when = admin.utils.display_for_value(token.last_used_at, "")
        return format_html('{}<br><span class="quiet">{}</span>', when, place)

    @admin.display(description=gettext_lazy("ends in"), ordering="hint")
    def ends_in(self, token: AccessToken) -> str:
        return format_html("<code>…{}</code>", token.hint)

    # --- Doors ----------------------------------------------------------------------------------

    def _alone(self, request: Any, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        writes = request.method == "POST" or view.__name__ in {"changeform_view", "_ask_to_delete"}
        if writes and self.has_change_permission(request) and password_needed(request):
            return HttpResponseRedirect(confirm_url(request))
        return super()._alone(request, view, *args, **kwargs)

    # --- Form -----------------------------------------------------------------------------------

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = ChangedTokenForm if obj else NewTokenForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: Any, obj: AccessToken | None = None) -> Any:
        who = [] if request.access_token else ["user"]
        ends = ["expires_at"] if obj else ["days", "until"]
        shown = [
            (gettext_lazy("What it is for"), {"fields": [*who, "name", "description"]}),
            (gettext_lazy("What it may do"), {"fields": ["scopes"]}),
            (
                gettext_lazy("From where"),
                {"fields": ["domains", "allow_missing_referrer", "networks"]},
            ),
            (gettext_lazy("Until when"), {"fields": ends}),
        ]
        if obj is None:
            return shown
        shown[0][1]["fields"] = ["person", "name", "description"]
        seen = ["state_badge", "ends_in", "made", "last_use", "disabling"]
        return [(None, {"fields": seen}), *shown]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["person", "state_badge", "ends_in", "made", "last_use", "disabling"] if obj else []

    @admin.display(description=gettext_lazy("made"))
    def made(self, token: AccessToken) -> str:
        when = admin.utils.display_for_value(token.created_at, "")
        return f"{when} · {token.created_by}" if token.created_by else str(when)

    @admin.display(description=gettext_lazy("disabled"))
    def disabling(self, token: AccessToken) -> str:
        if token.disabled_at is None:
            return "–"
        when = admin.utils.display_for_value(token.disabled_at, "")
        return " · ".join(
            str(part) for part in (when, token.disabled_by, token.disabled_reason) if part
        )

    def get_changeform_initial_data(self, request: Any) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        user = self._person(request, initial.get("user"))
        initial["scopes"] = default_scopes(user.role if user else User.Role.AGENT)
        initial["form_key"] = _new_form_key(request)
        return initial

    def _person(self, request: Any, user_id: Any) -> User | None:
        if request.access_token:
            return request.user
        is_id = str(user_id or "").isascii() and str(user_id or "").isdecimal()
        return User.objects.filter(pk=int(user_id)).first() if is_id and len(user_id) < 19 else None

    def render_change_form(
        self, request: Any, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["show_save_and_continue"] = False
        context["show_delete"] = False
        context["explain_url"] = reverse("admin:tokens_accesstoken_explain")
        context["person_url"] = reverse("admin:tokens_accesstoken_person")
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Writing --------------------------------------------------------------------------------

    @sensitive_variables("secret")
    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        written, by = form.cleaned_data, Actor.of(request)
        row, secret = AccessToken.objects.issue(
            user=written.get("user") or request.user,
            name=written["name"],
            description=written["description"],
            scopes=written["scopes"],
            domains=written["domains"],
            networks=written["networks"],
            allow_missing_referrer=written["allow_missing_referrer"],
            expires_at=form.expires_at(),
            by=by,
        )
        # After the making, so that a refused form can be sent again; one transaction holds both.
        _use_form_key(request, written["form_key"])
        row.record("shown", by=by)
        obj.__dict__.update(row.__dict__)
        request.new_secret = secret

    def edit(
        self, obj: Any, changes: dict[str, Any], *, by: Actor, expected_version: int | None
    ) -> None:
        obj.edit(by=by, **changes)

    def response_add(self, request: Any, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Show the token, here and now only: the answer to the form is the one place it stands."""
        context = {
            **self.admin_site.each_context(request),
            **snippets.as_context(obj, request.new_secret, request),
            "title": _("The new token"),
            "subtitle": obj.name,
            "token": obj,
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/tokens/accesstoken/issued.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def history_view(self, request: Any, object_id: str, extra_context: Any = None) -> Any:
        """Go to the audit: there is one history of tokens, not two."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        audit = reverse("admin:tokens_tokenevent_changelist")
        wanted = object_id if object_id.isdecimal() else "0"
        return HttpResponseRedirect(f"{audit}?token_id__exact={wanted}")

    def delete_view(self, request: Any, object_id: str, extra_context: Any = None) -> Any:
        return self._alone(request, self._ask_to_delete, object_id)

    def _ask_to_delete(self, request: Any, object_id: str) -> Any:
        token = self.get_object(request, object_id)
        if not self.has_delete_permission(request, token):
            raise PermissionDenied
        if token is None:
            return HttpResponseRedirect(self.list_page())
        return self._first_question(request, [token])

    # --- Actions --------------------------------------------------------------------------------

    def object_actions(self, request: Any, obj: AccessToken) -> list[tuple[str, str, bool]]:
        if not self.has_change_permission(request, obj):
            return []
        first = (
            ("enable_tokens", _("Enable"), False)
            if obj.disabled_at
            else ("disable_tokens", _("Disable"), True)
        )
        return [first, ("delete_tokens", _("Delete"), True)]

    @admin.action(description=gettext_lazy("Disable…"), permissions=["change"])
    def disable_tokens(self, request: Any, queryset: QuerySet[AccessToken]) -> Any:
        if request.POST.get("answer") != "yes":
            return self.ask(
                request,
                queryset,
                action="disable_tokens",
                title=_("Disable tokens?"),
                question=_(
                    "Every call and every session of these tokens ends with the next click. "
                    "Enabling them takes it back."
                ),
                reason=_("Reason, for the audit (may stay empty)"),
                button=_("Disable"),
                danger=True,
            )
        by, reason = Actor.of(request), request.POST.get("reason", "").strip()[:200]
        self.act(request, queryset, lambda token: token.disable(by=by, reason=reason))
        return None

    @admin.action(description=gettext_lazy("Enable"), permissions=["change"])
    def enable_tokens(self, request: Any, queryset: QuerySet[AccessToken]) -> None:
        by = Actor.of(request)
        self.act(request, queryset.select_related("user"), lambda token: token.enable(by=by))

    @admin.action(description=gettext_lazy("Delete…"), permissions=["delete"])
    def delete_tokens(self, request: Any, queryset: QuerySet[AccessToken]) -> Any:
        match request.POST.get("answer"):
            case "twice":
                by = Actor.of(request)
                self.act(request, list(queryset), lambda token: token.remove(by=by))
                return None
            case "once":
                return self._second_question(request, queryset)
        return self._first_question(request, queryset)

    def _first_question(self, request: Any, objects: Iterable[AccessToken]) -> TemplateResponse:
        return self.ask(
            request,
            objects,
            action="delete_tokens",
            answer="once",
            title=_("Delete tokens?"),
            question=_(
                "Deleting cannot be taken back; disabling can, and stops the tokens just as well."
            ),
            button=_("Delete"),
            danger=True,
        )

    def _second_question(self, request: Any, objects: Iterable[AccessToken]) -> TemplateResponse:
        return self.ask(
            request,
            objects,
            action="delete_tokens",
            answer="twice",
            title=_("Really delete them for good?"),
            question=_(
                "Whatever carries these tokens stops working at once and needs new ones. "
                "Their audit stays."
            ),
            button=_("Delete for good"),
            danger=True,
        )

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


def _short(scopes: Iterable[str]) -> list[tuple[str]]:
    """Return one chip a family: “tickets rw”, “users r”, “login agent”."""
    families: dict[str, list[str]] = {}
    for scope in scopes:
        family, _colon, right = scope.partition(":")
        families.setdefault(family, []).append(right)
    return [
        (f"{family} {' '.join(_SHORT_RIGHTS.get(right, right) for right in _widest(rights))}",)
        for family, rights in families.items()
    ]


def _widest(rights: list[str]) -> list[str]:
    return ["write"] if "write" in rights else rights


def _new_form_key(request: Any) -> str:
    key = secrets.token_urlsafe(18)
    request.session[FORM_KEYS] = [*request.session.get(FORM_KEYS, []), key][-MOST_OPEN_FORMS:]
    return key


def _use_form_key(request: Any, key: str) -> None:
    """Use up the key of a form; refuse one that made a token already, also at the same moment."""
    # The lock makes two sendings of one form queue; the second finds its key gone.
    session = Session.objects.select_for_update().filter(pk=request.session.session_key).first()
    keys = session.get_decoded().get(FORM_KEYS, []) if session else []
    if key not in keys:
        raise Conflict(
            _(
                "This form was sent already: its token was made and shown once. Look into the "
                "list, and open a new form if you need another token."
            ),
            code="already-issued",
        )
    request.session[FORM_KEYS] = [other for other in keys if other != key]
    request.session.save()


class CauseFilter(admin.SimpleListFilter):
    title = gettext_lazy("cause of denial")
    parameter_name = "cause"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [(cause, sentence[0]) for cause, sentence in SENTENCES.items()]

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(verb="denied", cause=self.value()) if self.value() else queryset


@admin.register(TokenEvent)
class TokenEventAdmin(TokenPages):
    """The audit. It is read; nothing here writes."""

    list_display = ["at", "what", "token", "subject", "actor", "why", "address", "origin"]
    list_filter = ["verb", CauseFilter, "at"]
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["token_name", "hint", "address", "origin"]
    search_help_text = gettext_lazy("Token's name or last six characters, address, or page")
    list_per_page = 50
    show_full_result_count = False
    actions = None
    # Both lists of actions off would bring an inline style with them.
    actions_on_top = True
    ordering = ["-id"]
    fields = [
        "at", "what", "token", "subject", "actor", "through_token_id", "why", "address", "origin",
        "details",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenEvent]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                subject_name=_name_of("subject_id"),
                actor_name=_name_of("actor_id"),
                token_stands=Subquery(
                    AccessToken.objects.filter(pk=OuterRef("token_id")).values("pk")[:1]
                ),
            )
        )

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        return lookup == "token_id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=gettext_lazy("what"), ordering="verb")
    def what(self, event: TokenEvent) -> str:
        return format_html(
            '<span class="badge badge-{}">{}</span>', event.verb, event.get_verb_display()
        )

    @admin.display(description=gettext_lazy("token"), ordering="token_name")
    def token(self, event: Any) -> str:
        text = format_html("{} <code>…{}</code>", event.token_name, event.hint)
        if event.token_stands is None:
            return text
        page = reverse("admin:tokens_accesstoken_change", args=[event.token_id])
        return format_html('<a href="{}">{}</a>', page, text)

    @admin.display(description=gettext_lazy("person"))
    def subject(self, event: Any) -> str:
        return event.subject_name or f"#{event.subject_id}"

    @admin.display(description=gettext_lazy("by"))
    def actor(self, event: Any) -> str:
        if event.actor_id is None:
            return "–"
        return event.actor_name or f"#{event.actor_id}"

    @admin.display(description=gettext_lazy("cause"))
    def why(self, event: TokenEvent) -> str:
        if event.cause in SENTENCES:
            return str(SENTENCES[event.cause][0])
        return event.cause or "–"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def history_view(self, request: Any, object_id: str, extra_context: Any = None) -> Any:
        """Go to the row itself: it has no history of its own."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:tokens_tokenevent_change", args=[object_id]))


def _name_of(column: str) -> Subquery:
    names = User.objects.filter(pk=OuterRef(column)).values("username")[:1]
    return Subquery(names, output_field=CharField())
