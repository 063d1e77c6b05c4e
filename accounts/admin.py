"""People and workgroups in the admin. People are deactivated, never deleted."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, Field, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext

from accounts.actor import Actor
from accounts.models import PersonEvent, User, Workgroup
from records.admin.domain import DomainAdmin, DomainForm, asking_first, names_of
from records.admin.lists import badge

# Django's own groups mean nothing here, rights come from roles and tokens; this registers them...
import_module("django.contrib.auth.admin")
# ... so that they can be taken out for good.
admin.site.unregister(Group)


class PersonForm(DomainForm):
    error_fields: ClassVar[dict[str, str]] = {"password": "new_password"}

    new_password = forms.CharField(
        label=gettext_lazy("New password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
        help_text=gettext_lazy(
            "Empty leaves it as it is. A new password ends all sessions of the person."
        ),
    )
    repeated_password = forms.CharField(
        label=gettext_lazy("The password again"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
    )
    workgroups = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Workgroups"),
        queryset=Workgroup.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("For agents and administrators."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk and "new_password" in self.fields:
            self.fields["new_password"].help_text = _(
                "Empty: the person can only come by AccessToken."
            )
        if self.instance.pk and "workgroups" in self.fields:
            self.fields["workgroups"].initial = list(self.instance.workgroups.all())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("new_password", "") != cleaned.get("repeated_password", ""):
            self.add_error("repeated_password", _("The two passwords differ."))
        return cleaned


class WorkgroupFilter(admin.SimpleListFilter):
    title = gettext_lazy("workgroup")
    parameter_name = "workgroup"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        groups = Workgroup.objects.order_by("name").values_list("pk", "name")
        return [(str(pk), name) for pk, name in groups]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        wanted = self.value() or ""
        known = any(wanted == pk for pk, _name in self.lookup_choices)
        return queryset.filter(workgroups=int(wanted)) if known else queryset


@admin.register(User)
class UserAdmin(DomainAdmin):
    form = PersonForm
    list_display = [
        "username",
        "name",
        "role_badge",
        "email",
        "in_workgroups",
        "state",
        "created",
    ]
    list_filter = ["role", "is_active", "availability", WorkgroupFilter]
    search_fields = ["searched__contains"]
    search_help_text = gettext_lazy("Name, username, e-mail address or external id")
    ordering = ["-id"]
    actions = ["deactivate_people", "activate_people"]
    change_form_template = "admin/accounts/user/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("workgroups")

    # --- List -----------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("name"), ordering="display_name", empty_value="–")
    def name(self, person: User) -> str | None:
        return person.display_name or None

    @admin.display(description=gettext_lazy("role"), ordering="role")
    def role_badge(self, person: User) -> str:
        return badge(person.role, person.get_role_display())

    @admin.display(description=gettext_lazy("workgroups"), empty_value="–")
    def in_workgroups(self, person: User) -> str | None:
        return ", ".join(group.name for group in person.workgroups.all()) or None

    @admin.display(description=gettext_lazy("state"), ordering="is_active")
    def state(self, person: User) -> str:
        if person.is_active:
            return badge("active", pgettext("person", "Active"))
        return badge("disabled", _("Deactivated"))

    @admin.display(description=gettext_lazy("created"), ordering="created_at")
    def created(self, person: User) -> str:
        return date_format(timezone.localtime(person.created_at), "DATE_FORMAT")

    # --- Who may change what --------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and obj.is_administrator and Actor.of(request).has_token:
            return False
        return super().has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        is_fixed = obj is not None and not self.has_change_permission(request, obj)
        groups = "in_workgroups" if is_fixed else "workgroups"
        fieldsets = [
            (
                gettext_lazy("Who it is"),
                {"fields": ["username", "display_name", "email", "role", groups]},
            ),
            (gettext_lazy("Settings"), {"fields": ["language", "time_zone", "availability"]}),
            (
                gettext_lazy("In other systems"),
                {"fields": ["external_source", "external_id"], "classes": ["collapse"]},
            ),
        ]
        if not is_fixed and not Actor.of(request).has_token:
            password = {"fields": ["new_password", "repeated_password"]}
            fieldsets.insert(1, (gettext_lazy("Password"), password))
        if obj is not None:
            fieldsets.append((gettext_lazy("Dates"), {"fields": ["created_at", "updated_at"]}))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        if obj is None:
            return []
        fixed = ["created_at", "updated_at"]
        if not self.has_change_permission(request, obj):
            # Not a column of the model: shown as text where the form does not stand.
            return [*fixed, "in_workgroups"]
        if Actor.of(request).has_token:
            return [*fixed, "username", "email", "role"]
        return [*fixed, "role"] if obj.pk == request.user.pk else fixed

    # --- Writing --------------------------------------------------------------------------------

    def create(self, fields: dict[str, Any], *, by: Actor) -> User:
        return User.objects.enrol(by=by, **fields)

    def for_domain(self, fields: dict[str, Any]) -> dict[str, Any]:
        wanted = super().for_domain(fields)
        wanted.pop("repeated_password", None)
        if password := wanted.pop("new_password", ""):
            wanted["password"] = password
        return wanted

    def history_of(self, obj: User) -> Iterable[dict[str, Any]]:
        return history_rows(PersonEvent.objects.filter(person_id=obj.pk))

    # --- Actions --------------------------------------------------------------------------------

    def object_actions(self, request: HttpRequest, obj: User) -> list[tuple[str, str, bool]]:
        if not self.has_change_permission(request, obj) or obj.pk == request.user.pk:
            return []
        if obj.is_active:
            return [("deactivate_people", _("Deactivate"), True)]
        return [("activate_people", _("Activate"), False)]

    @admin.action(description=gettext_lazy("Deactivate…"), permissions=["change"])
    @asking_first(
        title=ngettext_lazy("Deactivate the person?", "Deactivate %(count)d people?", "count"),
        question=gettext_lazy(
            "Their sessions and tokens end with the next click. What they did stays, and "
            "activating them takes it back."
        ),
        button=gettext_lazy("Deactivate"),
        danger=True,
    )
    def deactivate_people(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.act(request, queryset, User.deactivate)

    @admin.action(description=gettext_lazy("Activate"), permissions=["change"])
    def activate_people(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.act(request, queryset, User.activate)


@admin.register(Workgroup)
class WorkgroupAdmin(DomainAdmin):
    list_display = ["name", "description", "member_count", "updated_at"]
    search_fields = ["searched__contains"]
    ordering = ["name"]
    autocomplete_fields = ["members"]
    fields = ["name", "description", "members"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workgroup]:
        return super().get_queryset(request).annotate(members_in_all=Count("members"))

    @admin.display(description=gettext_lazy("members"), ordering="members_in_all")
    def member_count(self, group: Any) -> int:
        return int(group.members_in_all)

    def create(self, fields: dict[str, Any], *, by: Actor) -> Workgroup:
        return Workgroup.objects.set_up(by=by, **fields)

    def remove(self, obj: Workgroup, *, by: Actor) -> None:
        obj.dissolve(by=by)

    def history_of(self, obj: Workgroup) -> Iterable[dict[str, Any]]:
        return history_rows(PersonEvent.objects.filter(workgroup_id=obj.pk))


def history_rows(events: QuerySet[PersonEvent]) -> list[dict[str, Any]]:
    """Return history rows as the admin shows them, with names in the place of ids."""
    rows = list(events.order_by("-id")[:500])
    people = names_of(User, [pk for row in rows for pk in (row.actor_id, row.person_id)])
    groups = names_of(Workgroup, [row.workgroup_id for row in rows])
    return [
        {
            "at": row.at,
            "who": people.get(row.actor_id, "–") if row.actor_id else _("the system"),
            "what": _sentence(row, people, groups),
        }
        for row in rows
    ]


def _sentence(row: PersonEvent, people: dict[int, str], groups: dict[int, str]) -> str:
    if row.verb in {"joined", "left"}:
        names = {
            "person": people.get(row.person_id or 0, f"#{row.person_id}"),
            "group": groups.get(row.workgroup_id or 0, f"#{row.workgroup_id}"),
        }
        joined = row.verb == "joined"
        return (_("%(person)s joined %(group)s") if joined else _("%(person)s left %(group)s")) % (
            names
        )
    if row.verb != "changed":
        return {"created": _("Created"), "deleted": _("Deleted")}.get(row.verb, row.verb)
    field: Any = (Workgroup if row.workgroup_id else User)._meta.get_field(row.field)
    if row.old or row.new:
        values = {"old": _value_name(field, row.old), "new": _value_name(field, row.new)}
        return _("%(field)s: %(old)s → %(new)s") % {"field": field.verbose_name, **values}
    return _("%(field)s changed") % {"field": field.verbose_name}


def _value_name(field: Field[Any, Any], text: str) -> str:
    """Return a value that a history row holds as people know it."""
    names = {"True": _("Yes"), "False": _("No"), **dict(field.flatchoices)}
    return str(names.get(text, text)) or "–"
