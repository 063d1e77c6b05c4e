"""How a token is told in a list: one short cell for each of its sides."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.admin.lists import badge
from tokens.models import AccessToken
from tokens.origins.domains import AllowedDomain
from tokens.scopes import default_scopes

_SHORT_RIGHTS = {"write": "rw", "read": "r"}


class TokenColumns:
    """The columns of the list; some stand on the page of the token too."""

    @admin.display(description=gettext_lazy("person"), ordering="user__username")
    def person(self, token: AccessToken) -> str:
        return format_html('<span title="{}">{}</span>', token.user.username, token.user)

    @admin.display(description=gettext_lazy("state"))
    def state_badge(self, token: AccessToken) -> str:
        state = token.state
        shown = badge(state.value, state.label)
        if state == token.State.GRACE and token.grace_until:
            left = _("%(time)s left") % {"time": timeuntil(token.grace_until, depth=1)}
            shown = format_html('{} <span class="quiet">{}</span>', shown, left)
        return _with_warning(shown, token)

    @admin.display(description=gettext_lazy("rotation"))
    def rotation(self, token: AccessToken) -> str:
        """Say what the token replaced, what replaces it, and until when it is good itself."""
        lines = [*_line_before(token), *_lines_after(token)]
        return format_html_join(" · ", "{}", [(line,) for line in lines]) or "–"

    @admin.display(description=gettext_lazy("permissions"))
    def scopes_short(self, token: AccessToken) -> str:
        if not token.scopes:
            return _("none")
        if sorted(token.scopes) == default_scopes(token.user.role):
            title = ", ".join(token.scopes)
            return format_html('<span class="chip" title="{}">{}</span>', title, _("the usual"))
        families = _short(token.scopes)
        more = f" +{len(families) - 2}" if len(families) > 2 else ""
        short = ", ".join(families[:2]) + more
        return format_html('<span title="{}">{}</span>', ", ".join(token.scopes), short)

    @admin.display(description=gettext_lazy("domains, networks"))
    def domains_short(self, token: AccessToken) -> str:
        entries = [*token.domains, *token.networks]
        if not entries:
            return format_html('<span class="quiet">{}</span>', _("everywhere"))
        more = f" +{len(entries) - 2}" if len(entries) > 2 else ""
        short = ", ".join(entries[:2]) + more
        mark = mark_too_wide(token.allowed_domains)
        return format_html('<span title="{}">{}</span>{}', ", ".join(entries), short, mark)

    @admin.display(description=gettext_lazy("too wide"))
    def too_wide(self, token: AccessToken) -> str:
        return _sentence_on_too_wide(token.allowed_domains)

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
        place = _joined(token.last_used_address, token.last_used_origin)
        when = display_for_value(token.last_used_at, "")
        return format_html('{}<br><span class="quiet">{}</span>', when, place)

    @admin.display(description=gettext_lazy("ends in"), ordering="hint")
    def ends_in(self, token: AccessToken) -> str:
        return format_html("<code>…{}</code>", token.hint)

    @admin.display(description=gettext_lazy("made"))
    def made(self, token: AccessToken) -> str:
        return _joined(display_for_value(token.created_at, ""), token.created_by)

    @admin.display(description=gettext_lazy("disabled"))
    def disabling(self, token: AccessToken) -> str:
        if token.disabled_at is None:
            return "–"
        when = display_for_value(token.disabled_at, "")
        return _joined(when, token.disabled_by, token.disabled_reason)


def _joined(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part)


def _line_before(token: AccessToken) -> Iterable[str]:
    for old in AccessToken.objects.filter(successor=token):
        yield format_html(_("Successor of {}"), link_to(old))


def _lines_after(token: AccessToken) -> Iterable[str]:
    if token.grace_until is None:
        return
    if token.successor:
        yield format_html(_("Replaced by {}"), link_to(token.successor))
    else:
        yield _("Its successor is deleted")
    sentence = _("ended {}") if token.grace_until <= timezone.now() else _("good until {}")
    yield format_html(sentence, display_for_value(token.grace_until, ""))


def form_of(token_id: int) -> str:
    """Return the page of a token."""
    return reverse("admin:tokens_accesstoken_change", args=[token_id])


def link_to(token: AccessToken) -> str:
    return format_html('<a href="{}">{}</a>', form_of(token.pk), token)


def _with_warning(state: str, token: AccessToken) -> str:
    """Mark a token that somebody still carried after its grace."""
    if token.used_after_rotation_at is None:
        return state
    title = _("First use after its end: %(when)s. Somebody still carries it.") % {
        "when": display_for_value(token.used_after_rotation_at, "")
    }
    mark = _("Used after rotation")
    return format_html(
        '{} <span class="badge badge-reused" title="{}">{}</span>', state, title, mark
    )


def mark_too_wide(domains: Iterable[AllowedDomain]) -> str:
    """Return the mark of a list that lets strangers in and was saved before that was refused."""
    sentence = _sentence_on_too_wide(domains)
    if not sentence:
        return ""
    mark = _("Too wide")
    return format_html(' <span class="badge badge-too-wide" title="{}">{}</span>', sentence, mark)


def _sentence_on_too_wide(domains: Iterable[AllowedDomain]) -> str:
    entries = ", ".join(str(domain) for domain in domains if domain.is_too_wide)
    sentence = _(
        "%(entries)s: sites of strangers may use this token. It works as before; the next change "
        "of its domains must name your own domains instead."
    )
    return sentence % {"entries": entries} if entries else ""


def _short(scopes: Iterable[str]) -> list[str]:
    """Return a word or two a family: “tickets rw”, “users r”, “login agent”."""
    families: dict[str, list[str]] = {}
    for scope in scopes:
        family, _colon, right = scope.partition(":")
        families.setdefault(family, []).append(right)
    return [
        f"{family} {' '.join(_SHORT_RIGHTS.get(right, right) for right in _widest(rights))}"
        for family, rights in families.items()
    ]


def _widest(rights: list[str]) -> list[str]:
    return ["write"] if "write" in rights else rights
