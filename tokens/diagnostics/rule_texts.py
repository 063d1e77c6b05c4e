"""What each rule of the verification says, in sentences for administrators.

They may know more than the caller is told.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tokens.errors import Refused
from tokens.origins import networks
from tokens.verification.rules import Case, matching_domain


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


def _network(case: Case) -> str | Promise:
    if not case.token.networks:
        return _("It lists no networks, so every address may use it.")
    return _("%(address)s lies in the listed network %(network)s.") % {
        "address": case.call.address,
        "network": networks.containing(case.token.networks, case.call.address),
    }


def _page(case: Case) -> str | Promise:
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


def _scope(case: Case) -> str | Promise:
    if not case.scope:
        return _("No permission is asked for: every good token reads the own profile.")
    return _("Role and token have the permission “%(scope)s”.") % {"scope": case.scope}


# Why each rule lets a case pass; "" where it has nothing to say.
REASONS: dict[str, Callable[[Case], str | Promise]] = {
    "status": _status,
    "person": _person,
    "network": _network,
    "page": _page,
    "proxy": lambda _case: "",
    "scope": _scope,
}


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


KINDS: dict[str, Promise] = {
    "login": _("Link"),
    "frame": _("Frame"),
    "api": _("API"),
    "session": _("Session"),
}
UNSOUND_TITLES: dict[str, Promise] = {
    "form": _("Its form"),
    "key": _("Its key"),
    "signature": _("Its signature"),
    "claims": _("What it says"),
    "clock": _("When it was made"),
    "row": _("It stands here no more"),
}
# What made a token "not valid", by the rule that it broke.
UNSOUND_ADVICE: dict[str, Promise] = {
    "form": _("It is no AccessToken of this system: cut while copying, or made by something else."),
    "key": _(
        "It is signed with a key that this server does not have: it belongs to another server, or "
        "its key was taken out of the ring."
    ),
    "signature": _("Its signature is wrong: it was changed on its way, or somebody made it up."),
    "claims": _("It is signed with our key, but does not say what AccessTokens say."),
    "clock": _(
        "It is signed with our key, at a time that is still to come: the clock of this server, or "
        "of the one that made it, is wrong. Look at its time service."
    ),
    "row": _(
        "It is signed with our key. No such token stands here: it was deleted, or made by another "
        "server with the same keys."
    ),
}
WITHOUT_TOKEN: dict[str, Promise] = {
    "token-missing": _(
        "The link came without a token: it was built without accessToken, or a redirect or proxy "
        "dropped it."
    ),
    "token-doubled": _("More than one token came; look for a doubled parameter."),
    "code-used": _("A sign-in link was opened twice, or after its minute."),
}
SHOWS_NO_PAGE: dict[str, Promise] = {
    "api": _(
        "The call showed no page, as those of programs do. List its network in the token, or give "
        "the program a token without domains."
    ),
    "login": _(
        "The browser showed no page: the address was typed or came by mail, or the page forbids to "
        "show it (noreferrer, Referrer-Policy). Let the page show its origin, or tick “Sign in "
        "without a referring page” in the token."
    ),
}


def advice(refusal: Refused, *, kind: str) -> str:
    """Return the sentence that helps whoever manages the token."""
    if refusal.rule in UNSOUND_ADVICE:
        return str(UNSOUND_ADVICE[refusal.rule])
    if refusal.cause == "domain-not-allowed" and not refusal.seen:
        return str(SHOWS_NO_PAGE["api" if kind == "api" else "login"])
    if refusal.cause in WITHOUT_TOKEN:
        return str(WITHOUT_TOKEN[refusal.cause])
    return refusal.message
