"""Admin pages that write through domain methods, as the person who is signed in.

Django's admin would save models by itself, past every rule and every history. A `DomainAdmin`
hands the changed fields to a method of the model instead, and shows what that refuses at the
fields of the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_ngettext, unquote
from django.contrib.admin.widgets import (
    AutocompleteMixin,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from records.admin.lists import NarrowLists
from records.errors import REFUSALS, Conflict, Refusal, sentence_of
from records.forms import RowField
from records.ids import is_id
from records.models import AlreadySent, SentForm, Submission, new_form_key

Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


def actor_of(request: HttpRequest) -> Any:
    """Return who makes the change, as domain methods take it, by what the settings name."""
    return import_string(settings.ADMIN_ACTOR)(request)


def asking_first(**question: Any) -> Callable[[Action], Action]:
    """Let an action run once its question was answered, with one of the `reasons` if it has any.

    The question is told as `DomainAdmin.ask` takes it.
    """
    reasons = dict(question.get("reasons", ()))

    def decorate(action: Action) -> Action:
        @wraps(action)
        def asked(admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
            is_answered = request.POST.get("answer") == "yes"
            if is_answered and (not reasons or request.POST.get("reason") in reasons):
                return action(admin, request, queryset)
            return cast(DomainAdmin, admin).ask(
                request, queryset, action=action.__name__, **question
            )

        return asked

    return decorate


class ListedField(forms.CharField):
    """A list of texts, one a line or parted as subclasses say."""

    widget = forms.Textarea
    separator = "\n"
    # Judged before what stands in them; the domain says which lists hold less.
    most = 1000

    def prepare_value(self, value: Any) -> Any:
        return self.separator.join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = value if isinstance(value, str) else self.separator.join(value or [])
        entries = [entry.strip() for entry in self.split(text) if entry.strip()]
        if len(entries) > self.most:
            message = _("List at most %(longest)d entries.")
            raise ValidationError(message, "max_length", {"longest": self.most})
        return entries

    def split(self, text: str) -> list[str]:
        return text.splitlines()

    def run_validators(self, value: list[str]) -> None:
        super().run_validators(self.separator.join(value))


class _Refused(HttpRequest):
    domain_refusal: Refusal


class DomainForm(forms.ModelForm):
    """A form that shows what the domain refused when it was last asked."""

    refusal: ClassVar[Refusal | None] = None
    # Names of the domain's fields that the form calls otherwise.
    error_fields: ClassVar[dict[str, str]] = {}

    expected_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    # One form makes one thing, however often it is sent.
    form_key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput | forms.Textarea):
                field.widget.attrs.setdefault("dir", "auto")
        if self.instance.pk:
            self.fields["expected_version"].initial = getattr(self.instance, "version", None)
        else:
            self.fields["form_key"].initial = new_form_key()

    def _get_validation_exclusions(self) -> set[str]:  # a hook of Django that its stubs lack
        """Judge no value that the row has already: the present one is no change."""
        left_out: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        unchanged = set(self.fields) - set(self.changed_data) if self.instance.pk else set()
        return left_out | unchanged

    def full_clean(self) -> None:
        super().full_clean()
        if isinstance(self.refusal, ValidationError) and hasattr(self.refusal, "error_dict"):
            for name, errors in self.refusal.error_dict.items():
                field = self.error_fields.get(name, name)
                self.add_error(field if field in self.fields else None, errors)
        elif self.refusal is not None:
            self.add_error(None, sentence_of(self.refusal))


class _Numbered(AutocompleteMixin):
    """Draw again only what can be a row; what was sent may be anything."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return super().optgroups(name, [given for given in value if is_id(str(given))], attr)


class OneByName(_Numbered, AutocompleteSelect):
    pass


class SomeByName(_Numbered, AutocompleteSelectMultiple):
    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        """Leave out the button that empties it: select2 puts that into the list, as no item."""
        attrs = super().build_attrs(base_attrs, extra_attrs)
        return {**attrs, "data-allow-clear": "false"}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """Return what was chosen; Django refuses a word, but asks databases for any number."""
        chosen = super().value_from_datadict(data, files, name)
        return [given if is_id(given) else "?" for given in chosen]


class DomainAdmin(NarrowLists):
    """The stock admin, whose writes are domain calls. Subclasses say which."""

    form = DomainForm
    change_form_template = "admin/domain_change_form.html"

    # Django's own, which its stubs do not know.
    _get_obj_does_not_exist_redirect: Callable[..., HttpResponseRedirect]

    # --- What subclasses say --------------------------------------------------------------------

    def create(self, fields: dict[str, Any], *, by: Any) -> models.Model:
        """Make the object by its domain method and return it."""
        raise PermissionDenied

    def edit(
        self, obj: Any, changes: dict[str, Any], *, by: Any, expected_version: int | None
    ) -> None:
        """Write the changed fields by the object's domain method."""
        obj.edit(by=by, expected_version=expected_version, **changes)

    def remove(self, obj: Any, *, by: Any) -> None:
        raise PermissionDenied

    def for_domain(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the form's fields under the names and in the shapes of the domain."""
        return {
            name: [row.pk for row in value] if isinstance(value, QuerySet) else value
            for name, value in fields.items()
        }

    def history_of(self, obj: Any) -> Iterable[dict[str, Any]]:
        """Return rows with `at`, `who` and `what`, the newest first."""
        return ()

    def object_actions(self, request: HttpRequest, obj: Any) -> list[tuple[str, str, bool]]:
        """Return the buttons of the object's page: action, label, whether it is dangerous."""
        return []

    # --- Writing --------------------------------------------------------------------------------

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Let whoever may not see the others choose themselves, or whom the object names."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        related = self.admin_site.get_model_admin(db_field.remote_field.model)
        if field is not None and not related.has_view_permission(request):
            rows = cast("QuerySet[Any]", field.queryset)
            field.queryset = rows.filter(pk__in=self._known_ids(db_field, request))
        return field

    def _known_ids(self, db_field: models.ForeignKey, request: HttpRequest) -> list[Any]:
        known = [request.user.pk] if isinstance(request.user, db_field.remote_field.model) else []
        object_id = getattr(request.resolver_match, "kwargs", {}).get("object_id")
        obj = self.get_object(request, unquote(object_id)) if object_id else None
        return [*known, getattr(obj, db_field.attname)] if obj else known

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[DomainForm]:
        form = cast("type[DomainForm]", super().get_form(request, obj, change=change, **kwargs))
        form.refusal = getattr(request, "domain_refusal", None)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            if request.method == "POST" and object_id is None:
                made = Submission.objects.made_by(self._sent_form(request))
                if made is not None:
                    return self.response_repeated(request, self.get_object(request, str(made)))
            return super().changeform_view(request, object_id, form_url, extra_context)
        except REFUSALS as refusal:
            if request.method != "POST":
                raise
            # Nothing was written; the form comes again and says why.
            cast(_Refused, request).domain_refusal = refusal
            if isinstance(refusal, AlreadySent):
                renewed = request.POST.copy()
                renewed["form_key"] = new_form_key()
                cast(Any, request).POST = renewed
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        by, written = actor_of(request), dict(form.cleaned_data)
        version = written.pop("expected_version", None)
        written.pop("form_key", None)
        if change:
            changes = {name: written[name] for name in form.changed_data if name in written}
            self.edit(obj, self.for_domain(changes), by=by, expected_version=version)
            return
        self.make_once(request, obj, lambda: self.create(self.for_domain(written), by=by))

    def make_once(
        self, request: HttpRequest, obj: models.Model, make: Callable[[], models.Model]
    ) -> None:
        """Let `obj` be what `make` makes, or what it made when the form was sent before."""
        pk = Submission.objects.once(self._sent_form(request), make)
        obj.__dict__.update(self.model._base_manager.get(pk=pk).__dict__)

    def _sent_form(self, request: HttpRequest) -> SentForm:
        return SentForm.of(cast(int, request.user.pk), self.opts.label_lower, request.POST)

    def response_repeated(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Answer a form that was sent again as it was answered the first time."""
        if obj is None:
            self.message_user(request, _("What this form made is no longer there."))
            return HttpResponseRedirect(
                reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            )
        return self.response_add(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Leave the related rows alone: the domain method has written them."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(obj, by=actor_of(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except Conflict as refusal:
            self.message_user(request, sentence_of(refusal), messages.ERROR)
            return HttpResponseRedirect(self.page_of(object_id))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let the domain say what stands in the way, when it is asked to remove the object."""
        return [str(obj) for obj in objs], {}, set(), []

    # --- History: our own, never a second one ---------------------------------------------------

    def _log_nothing(self, *args: Any, **kwargs: Any) -> Any:
        return None

    log_addition = log_change = log_deletions = _log_nothing

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        obj = self.get_object(request, unquote(object_id))
        # First: whether there is such a row is not for everybody to find out.
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self.render(
            request,
            "admin/domain_history.html",
            title=_("History"),
            subtitle=str(obj),
            rows=list(self.history_of(obj)),
            object=obj,
            preserved_filters=self.get_preserved_filters(request),
        )

    # --- Actions --------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def act(
        self,
        request: HttpRequest,
        objects: Iterable[Any],
        what: Callable[..., object],
        **fields: Any,
    ) -> None:
        """Do `what` to each object, in a transaction of its own, and say what came of it."""
        by, done = actor_of(request), 0
        for obj in objects:
            try:
                with transaction.atomic():
                    what(obj, by=by, **fields)
            except REFUSALS as refusal:
                self.message_user(request, f"{obj}: {sentence_of(refusal)}", messages.ERROR)
            else:
                done += 1
        if done:
            sentence = ngettext("%(count)d %(what)s changed.", "%(count)d %(what)s changed.", done)
            named = {"count": done, "what": model_ngettext(self.opts, done)}
            self.message_user(request, sentence % named, messages.SUCCESS)

    def ask(
        self, request: HttpRequest, objects: Iterable[Any], *, action: str, **context: Any
    ) -> TemplateResponse:
        """Ask before dangerous work: the answer runs `action` again, with `answer` posted.

        `context`: title and question (which may count, by ngettext_lazy), button, and if wanted
        `answer`, `danger`, `instead`, and a question more: `reason`, with `reasons` to choose
        from, one `chosen`, posted `asked_as`.
        """
        asked = list(objects)
        for name in ("title", "question"):
            context[name] = context[name] % {"count": len(asked)}
        return self.render(
            request,
            "admin/ask.html",
            objects=asked,
            action=action,
            checkbox=ACTION_CHECKBOX_NAME,
            back=request.POST.get("back", ""),
            **{"answer": "yes", **context},
        )

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        response = super().response_action(request, queryset, *args, **kwargs)
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        is_done = isinstance(response, HttpResponseRedirect) and len(selected) == 1
        # A button on an object's page comes back there.
        goes_back = is_done and request.POST.get("back") == "object"
        if goes_back and queryset.filter(pk=selected[0]).exists():
            return HttpResponseRedirect(self.page_of(selected[0]))
        return response

    # --- Forms ----------------------------------------------------------------------------------

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer no pop-up windows: inside a frame they would open without its cookie."""
        if db_field.name in self.get_autocomplete_fields(request):
            by_name = SomeByName if db_field.many_to_many else OneByName
            kwargs.setdefault("widget", by_name(db_field, self.admin_site))
        if isinstance(db_field, models.ForeignKey):
            kwargs.setdefault("form_class", RowField)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        for right in ("add", "change", "delete", "view"):
            if hasattr(widget, f"can_{right}_related"):
                setattr(widget, f"can_{right}_related", False)
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["show_save_and_add_another"] = False
        obj = kwargs.get("obj")
        context["object_actions"] = self.object_actions(request, obj) if obj else []
        return super().render_change_form(request, context, *args, **kwargs)


def names_of(model: type[models.Model], ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of the objects that plain ids in history rows meant, by one query."""
    wanted: Sequence[int] = sorted({pk for pk in ids if pk is not None})
    return {row.pk: str(row) for row in model._default_manager.filter(pk__in=wanted)}
