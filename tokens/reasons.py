"""Why each rule of the verification lets a use of a token pass, in sentences for administrators."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tokens import networks
from tokens.verification import Case, matching_domain


def reason(rule: str, case: Case) -> str:
    """Return why `rule` lets `case` pass; "" where it has nothing to say."""
    return REASONS[rule](case)


def _status(case: Case) -> str:
    if case.token.grace_until:
        return _("It was rotated; the old token is good until %(moment)s.") % {
            "moment": _moment(case.token.grace_until)
        }
    return _("It is enabled and good until %(moment)s.") % {
        "moment": _moment(case.token.expires_at)
    }


def _person(case: Case) -> str:
    return _("%(person)s is active.") % {"person": case.person}


def _network(case: Case) -> str:
    if not case.token.networks:
        return _("It lists no networks, so every address may use it.")
    return _("%(address)s lies in the listed network %(network)s.") % {
        "address": case.call.address,
        "network": networks.containing(case.token.networks, case.call.address),
    }


def _page(case: Case) -> str:
    if not case.token.domains:
        return _("It lists no domains, so pages of every site may use it.")
    if case.call.page is not None:
        return _("%(page)s is allowed by the entry “%(entry)s”.") % {
            "page": case.call.seen,
            "entry": matching_domain(case.token, case.call),
        }
    if case.call.kind == "api":
        return _("The call shows no page. It may, because networks are listed and it is in one.")
    if case.call.kind == "frame":
        return _("The frame shows no page. The browser shows the frame on listed pages only.")
    return _("The browser shows no page. The token allows that.")


def _scope(case: Case) -> str:
    if not case.scope:
        return _("No permission is asked for: every good token reads the own profile.")
    return _("Role and token have the permission “%(scope)s”.") % {"scope": case.scope}


REASONS: dict[str, Callable[[Case], str]] = {
    "status": _status,
    "person": _person,
    "network": _network,
    "page": _page,
    "proxy": lambda _case: "",
    "scope": _scope,
}


def _moment(moment: object) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")  # type: ignore[arg-type]
