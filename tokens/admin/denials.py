"""Why tokens are refused: the denials of the last 30 days, and what to do about each."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Max, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.admin.filters import PeriodFilter
from records.admin.lists import ReadOnlyAdmin
from tokens.admin.audit_rows import AuditAdmin
from tokens.admin.columns import form_of, mark_too_wide
from tokens.admin.filters import (
    CountedCauseFilter,
    CountedKindFilter,
    DenialCauseFilter,
    KindFilter,
    OriginFilter,
    PersonFilter,
    RuleFilter,
    TokenFilter,
)
from tokens.admin.unframed import UnframedAdmin
from tokens.diagnostics.rule_texts import KINDS, advice
from tokens.errors import SENTENCES, Refused
from tokens.models import AccessToken, Denial, RefusedCalls, TokenEvent
from tokens.models.audit import TokenEventQuerySet
from tokens.models.refused_calls import KEPT_FOR
from tokens.origins.domains import parse_all

SHOWN_SUMS = 10
# Which list of the token's form answers a denial.
LISTS = {
    "domain-not-allowed": ("domains", gettext_lazy("Allowed domains of this token")),
    "network-not-allowed": ("networks", gettext_lazy("Allowed networks of this token")),
}


@admin.register(Denial)
class DenialAdmin(AuditAdmin):
    list_display = ["at", "why", "token_and_person", "kind", "seen_at"]
    list_filter = [
        DenialCauseFilter, ("at", PeriodFilter), KindFilter,
        TokenFilter, PersonFilter, OriginFilter,
    ]  # fmt: skip
    fields = ["at", "why", "token", "subject", "kind", "page", "address"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenEvent]:
        denials = cast("TokenEventQuerySet", super().get_queryset(request)).recent_denials()
        tokens = AccessToken.objects.filter(pk=OuterRef("token_id"))
        return denials.annotate(token_domains=Subquery(tokens.values("domains")[:1]))

    @admin.display(description=gettext_lazy("token"), ordering="token_name")
    def token(self, event: Any) -> str:
        mark = mark_too_wide(parse_all(event.token_domains or ()))
        return format_html("{}{}", super().token(event), mark)

    @admin.display(description=gettext_lazy("why, and what to do"))
    def why(self, event: Any) -> str:
        refusal = refusal_of(event)
        link = ""
        if refusal.cause in LISTS and event.token_stands:
            field, label = LISTS[refusal.cause]
            link = format_html(' <a href="{}#id_{}">{}</a>', form_of(event.token_id), field, label)
        return _advised(refusal, event.details.get("kind", ""), link)

    @admin.display(description=gettext_lazy("kind"))
    def kind(self, event: TokenEvent) -> str:
        return str(KINDS.get(event.details.get("kind", ""), "–"))

    @admin.display(description=gettext_lazy("page"), ordering="origin")
    def page(self, event: TokenEvent) -> str:
        return event.origin or format_html('<span class="quiet">{}</span>', _("none seen"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return super().changelist_view(request, {"sums": _sums(), **(extra_context or {})})


def refusal_of(event: TokenEvent) -> Refused:
    """Return the refusal that a row of the audit tells of."""
    cause = event.cause if event.cause in SENTENCES else "token-invalid"
    seen = event.address if cause == "network-not-allowed" else event.origin
    return Refused(cause, scope=event.details.get("scope", ""), seen=seen or "")


def _advised(refusal: Refused, kind: str, link: str = "") -> str:
    """Return why a call was refused and what to do about it."""
    sentence = advice(refusal, kind=kind)
    return format_html(
        '<strong>{}</strong><div class="advice">{}{}</div>', refusal.title, sentence, link
    )


def _sums() -> dict[str, Any]:
    """Return the refusals that name no token, the most frequent first."""
    recent = RefusedCalls.objects.filter(minute__gte=timezone.now() - KEPT_FOR)
    grouped = (
        recent.values("address", "cause", "rule", "kind")
        .annotate(calls=Sum("count"), last=Max("minute"), page=Max("origin"))
        .order_by("-calls", "address")
    )
    rows = [
        {
            **row,
            "title": SENTENCES[row["cause"]][0],
            "advice": advice(Refused(row["cause"], rule=row["rule"]), kind=row["kind"]),
            "from": _address(row["address"]),
            "kind_name": KINDS.get(row["kind"], row["kind"]),
        }
        for row in grouped[:SHOWN_SUMS]
    ]
    return {"rows": rows, "total": recent.aggregate(total=Sum("count"))["total"] or 0}


def _address(address: str) -> str:
    if not address:
        return _("many addresses")
    return f"{address}/64" if ":" in address else address


@admin.register(RefusedCalls)
class RefusedCallsAdmin(ReadOnlyAdmin, UnframedAdmin):
    list_display = ["minute", "calls", "why", "kind_shown", "origin", "from_address"]
    list_filter = [CountedCauseFilter, RuleFilter, CountedKindFilter, ("minute", PeriodFilter)]
    search_fields = ["address", "origin"]
    search_help_text = gettext_lazy("Address or page")
    ordering = ["-minute", "-id"]
    fields = ["minute", "calls", "why", "kind_shown", "origin", "from_address"]

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Stand in no menu: the page "Why refused?" leads here."""
        return {}

    @admin.display(description=gettext_lazy("calls"), ordering="count")
    def calls(self, row: RefusedCalls) -> int:
        return row.count

    @admin.display(description=gettext_lazy("why, and what to do"), ordering="cause")
    def why(self, row: RefusedCalls) -> str:
        return _advised(Refused(row.cause, rule=row.rule), row.kind)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_shown(self, row: RefusedCalls) -> str:
        return str(KINDS.get(row.kind, row.kind))

    @admin.display(description=gettext_lazy("address"), ordering="address")
    def from_address(self, row: RefusedCalls) -> str:
        return _address(row.address)
