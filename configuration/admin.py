"""The admin's page of the system configuration, and the history of its changes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.actor import Actor
from accounts.models import User
from configuration.declared import SETTINGS
from configuration.forms import SettingsForm
from configuration.models import ConfigurationEvent, ConfigurationValue
from configuration.states import setting_states
from records.admin.lists import NarrowLists, ReadOnlyAdmin


@admin.register(ConfigurationValue)
class ConfigurationValueAdmin(NarrowLists):
    """One form of all settings stands where other tables have their list."""

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "",
                self.admin_site.admin_view(self.changelist_view),
                name="configuration_configurationvalue_changelist",
            )
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        by, may_change = Actor.of(request), self.has_change_permission(request)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        form = SettingsForm(
            setting_states(),
            request.POST if request.method == "POST" else None,
            locked=not may_change,
            security_locked=by.has_token,
        )
        if form.is_bound and form.is_valid() and (changed := form.save(by=by)) is not None:
            return self._saved(request, changed)
        return self._page(request, form, extra_context or {})

    def _page(
        self, request: HttpRequest, form: SettingsForm, extra_context: dict[str, Any]
    ) -> HttpResponse:
        return self.render(
            request,
            "admin/configuration/configurationvalue/settings.html",
            title=_("System configuration"),
            form=form,
            may_change=self.has_change_permission(request),
            is_token_session=Actor.of(request).has_token,
            **extra_context,
        )

    def _saved(self, request: HttpRequest, changed: list[str]) -> HttpResponse:
        if changed:
            text = ngettext(
                "%(count)d setting was changed: %(names)s.",
                "%(count)d settings were changed: %(names)s.",
                len(changed),
            )
            names = ", ".join(str(SETTINGS[key].label) for key in changed)
            messages.success(request, text % {"count": len(changed), "names": names})
        else:
            messages.info(request, _("Nothing was changed."))
        return HttpResponseRedirect(reverse("admin:configuration_configurationvalue_changelist"))


@admin.register(ConfigurationEvent)
class ConfigurationEventAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "setting", "old", "new", "person", "token_id"]
    list_display_links = None
    search_fields = ["key"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConfigurationEvent]:
        name = User.objects.filter(pk=OuterRef("actor_id")).values("username")
        return super().get_queryset(request).annotate(person=Subquery(name))

    @admin.display(description=_("setting"), ordering="key")
    def setting(self, event: ConfigurationEvent) -> str:
        declared = SETTINGS.get(event.key)
        return str(declared.label) if declared else event.key

    @admin.display(description=_("who"))
    def person(self, event: ConfigurationEvent) -> str:
        return getattr(event, "person", None) or str(_("the system"))
