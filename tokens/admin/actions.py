"""What can be done to tokens in the list, and by the buttons of their pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy
from django.views.decorators.debug import sensitive_variables

from accounts.actor import Actor
from configuration.values import value
from records.admin.domain import DomainAdmin, asking_first
from records.errors import REFUSALS, sentence_of
from tokens.admin import snippets
from tokens.embedding.policies import holding_secret
from tokens.models import AccessToken

GRACES = (0, 1, 8, 24, 72, 168)  # hours
# Before tokens are deleted for good, two questions are asked.
FIRST_QUESTION = {
    "answer": "once",
    "title": ngettext_lazy("Delete the token?", "Delete %(count)d tokens?", "count"),
    "question": ngettext_lazy(
        "Deleting cannot be taken back; disabling can, and stops the token just as well.",
        "Deleting cannot be taken back; disabling can, and stops the tokens just as well.",
        "count",
    ),
    "button": gettext_lazy("Delete"),
}
SECOND_QUESTION = {
    "answer": "twice",
    "title": ngettext_lazy(
        "Really delete it for good?", "Really delete %(count)d tokens for good?", "count"
    ),
    "question": ngettext_lazy(
        "Whatever carries this token stops working at once and needs a new one. Its audit stays.",
        "Whatever carries these tokens stops working at once and needs new ones. Their audit "
        "stays.",
        "count",
    ),
    "button": gettext_lazy("Delete for good"),
}


def grace_choices() -> list[tuple[str, str]]:
    """Return what the page offers, with the configured grace among it: hours and their words."""
    hours = sorted({*GRACES, value("token_grace_hours")})
    return [(str(n), _in_words(n)) for n in hours]


def _in_words(hours: int) -> str:
    if hours == 0:
        return _("not at all: it ends at once")
    days, rest = divmod(hours, 24)
    if rest or days == 1:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


class TokenActions(DomainAdmin):
    """Disable, enable, rotate and delete, each by the token's own method."""

    actions = ["disable_tokens", "enable_tokens", "rotate_tokens", "delete_tokens"]

    def object_actions(self, request: HttpRequest, obj: AccessToken) -> list[tuple[str, str, bool]]:
        if not self.has_change_permission(request, obj):
            return []
        first = (
            ("enable_tokens", _("Enable"), False)
            if obj.disabled_at
            else ("disable_tokens", _("Disable"), True)
        )
        rotate = [("rotate_tokens", _("Rotate"), False)] if obj.can_be_rotated else []
        return [first, *rotate, ("delete_tokens", _("Delete"), True)]

    @admin.action(description=gettext_lazy("Disable…"), permissions=["change"])
    @asking_first(
        title=ngettext_lazy("Disable the token?", "Disable %(count)d tokens?", "count"),
        question=ngettext_lazy(
            "Every call and every session of this token ends with the next click. "
            "Enabling it takes it back.",
            "Every call and every session of these tokens ends with the next click. "
            "Enabling them takes it back.",
            "count",
        ),
        reason=gettext_lazy("Reason, for the audit (may stay empty)"),
        button=gettext_lazy("Disable"),
        danger=True,
    )
    def disable_tokens(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        reason = request.POST.get("reason", "").strip()[:200]
        self.act(request, queryset, AccessToken.disable, reason=reason)

    @admin.action(description=gettext_lazy("Enable"), permissions=["change"])
    def enable_tokens(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        self.act(request, queryset.select_related("user"), AccessToken.enable)

    @admin.action(description=gettext_lazy("Rotate…"), permissions=["change"])
    def rotate_tokens(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> Any:
        """Ask for the grace, then show the successor; its token stands on that page alone."""
        token, *others = queryset.select_related("user")
        if others:
            message = _("Rotate tokens one at a time: the page shows the successor once.")
            self.message_user(request, message, messages.ERROR)
            return None
        if request.POST.get("answer") != "yes":
            return self._ask_for_grace(request, token)
        grace = request.POST.get("grace", "")
        if grace not in {value for value, _label in grace_choices()}:
            message = _("Choose how long the old token stays good.")
            self.message_user(request, message, messages.ERROR)
            return None
        return self._rotate(request, token, timedelta(hours=int(grace)))

    def _ask_for_grace(self, request: HttpRequest, token: AccessToken) -> Any:
        if not token.can_be_rotated:
            self._say_why_not(request, token)
            return None
        return self.ask(
            request,
            [token],
            action="rotate_tokens",
            title=_("Rotate the token?"),
            question=_(
                "A new token with the same settings takes its place. Until the old one ends, both "
                "work, so that you can change program after program."
            ),
            reason=_("The old token stays good for"),
            reasons=grace_choices(),
            asked_as="grace",
            chosen=str(value("token_grace_hours")),
            button=_("Rotate"),
        )

    @sensitive_variables("secret")
    def _rotate(self, request: HttpRequest, token: AccessToken, grace: timedelta) -> Any:
        by = Actor.of(request)
        try:
            with transaction.atomic():
                successor, secret = token.rotate(by=by, grace=grace)
                if secret is not None:
                    successor.record("shown", by=by)
        except REFUSALS as refusal:
            self.message_user(request, f"{token}: {sentence_of(refusal)}", messages.ERROR)
            return None
        if secret is None:
            self._say_why_not(request, token)
            return None
        return self.issued(request, successor, secret, predecessor=token)

    def _say_why_not(self, request: HttpRequest, token: AccessToken) -> None:
        if token.successor:
            message = _("%(token)s was rotated already; its successor is %(successor)s.")
        else:
            message = _("%(token)s cannot be rotated: %(state)s.")
        words = {"token": token, "successor": token.successor, "state": token.state.label}
        self.message_user(request, message % words, messages.ERROR)

    @sensitive_variables("secret")
    def issued(
        self, request: HttpRequest, token: AccessToken, secret: str, **context: Any
    ) -> TemplateResponse:
        """Show the token, here and now only: this answer is the one place where it stands."""
        response = self.render(
            request,
            "admin/tokens/accesstoken/issued.html",
            title=_("The new token"),
            subtitle=token.name,
            token=token,
            **snippets.as_context(token, secret, request),
            **context,
        )
        return holding_secret(response)

    @admin.action(description=gettext_lazy("Delete…"), permissions=["delete"])
    def delete_tokens(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> Any:
        match request.POST.get("answer"):
            case "twice":
                self.act(request, list(queryset), AccessToken.remove)
                return None
            case "once":
                return self._ask_to_delete(request, queryset, SECOND_QUESTION)
        return self._ask_to_delete(request, queryset, FIRST_QUESTION)

    def _ask_to_delete(
        self,
        request: HttpRequest,
        objects: Iterable[AccessToken],
        question: dict[str, Any],
    ) -> TemplateResponse:
        return self.ask(request, objects, action="delete_tokens", danger=True, **question)

    def _delete_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = self.get_object(request, object_id)
        if not self.has_delete_permission(request, token):
            raise PermissionDenied
        if token is None:
            return HttpResponseRedirect(reverse("admin:tokens_accesstoken_changelist"))
        return self._ask_to_delete(request, [token], FIRST_QUESTION)
