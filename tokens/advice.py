"""What to do about a refusal, for administrators. They may know more than the caller is told."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tokens.causes import Refused

KINDS: dict[str, Promise] = {
    "login": _("Link"),
    "frame": _("Frame"),
    "api": _("API"),
    "session": _("Session"),
}
RULES: dict[str, Promise] = {
    "form": _("Its form"),
    "key": _("Its key"),
    "signature": _("Its signature"),
    "claims": _("What it says"),
    "row": _("It stands here no more"),
}
# What made a token "not valid", by the rule that it broke.
UNSOUND: dict[str, Promise] = {
    "form": _("It is no AccessToken of this system: cut while copying, or made by something else."),
    "key": _(
        "It is signed with a key that this server does not have: it belongs to another server, or "
        "its key was taken out of the ring."
    ),
    "signature": _("Its signature is wrong: it was changed on its way, or somebody made it up."),
    "claims": _("It is signed with our key, but does not say what AccessTokens say."),
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
    if refusal.cause == "token-invalid" and refusal.rule in UNSOUND:
        return str(UNSOUND[refusal.rule])
    if refusal.cause == "domain-not-allowed" and not refusal.seen:
        return str(SHOWS_NO_PAGE["api" if kind == "api" else "login"])
    if refusal.cause in WITHOUT_TOKEN:
        return str(WITHOUT_TOKEN[refusal.cause])
    return refusal.message
