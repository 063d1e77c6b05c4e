"""Why a token may not be used: each cause with its name for programs and its sentence."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """A token that may not be used. `cause` is for programs, `message` says what to do next.

    `rule` says for administrators what made it "not valid"; callers are not told. `in_browser`
    picks the remedy of people, where programs need another one.
    """

    in_browser = False

    def __init__(self, cause: str, *, scope: str = "", seen: str = "", rule: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.rule = rule
        self.scope = scope
        self.seen = seen

    @property
    def status(self) -> int:
        """Return the HTTP status: 401 is "this token is no good", and nothing else."""
        return STATUSES.get(self.cause, 401)

    @property
    def title(self) -> str:
        return str(SENTENCES[self.cause][0])

    @property
    def message(self) -> str:
        if self.cause == "domain-not-allowed" and not self.seen:
            return str(NO_PAGE_IN_BROWSER if self.in_browser else NO_PAGE)
        named = {"scope": self.scope, "seen": self.seen or _("none")}
        return str(SENTENCES[self.cause][1]) % named


SENTENCES: dict[str, tuple[Promise, Promise]] = {
    "token-missing": (_("No token was sent"), _(
        "Add the AccessToken: ?accessToken=… in a login link, “Authorization: Bearer …” in a call."
    )),
    "token-doubled": (_("More than one token was sent"), _("Send exactly one AccessToken.")),
    "token-invalid": (_("The token is not valid"), _(
        "Check that the AccessToken was copied whole and belongs to this server, or have an "
        "administrator make a new one."
    )),
    "token-not-yet-valid": (_("The token is not valid yet"), _(
        "It was made at a time that this server's clock has not come to. Have an administrator set "
        "the server's clock right; the AccessToken itself is good."
    )),
    "token-expired": (_("The token has expired"), _(
        "Have an administrator make a new AccessToken and put it in the place of this one."
    )),
    "token-disabled": (_("The token was disabled"), _(
        "An administrator has disabled this AccessToken. Ask them to enable it or to make a new "
        "one."
    )),
    "token-rotated": (_("The token was replaced"), _(
        "This AccessToken was rotated and its grace is over. Put its successor in the place of "
        "this one, or have an administrator make a new token."
    )),
    "token-deleted": (_("The token was deleted"), _(
        "An administrator has deleted the AccessToken that opened this page. Ask them for a new "
        "one."
    )),
    "user-inactive": (_("The person is deactivated"), _(
        "The person of this AccessToken no longer works here. Ask an administrator."
    )),
    "code-used": (_("This link is used up"), _(
        "It opens once, within a minute. Open it again from your own system."
    )),
    "signed-out": (_("You are signed out"), _(
        "Open the link in your own system again, or sign in with your password."
    )),
    "too-many-failures": (_("Too many credentials were wrong"), _(
        "Wait a minute, and check the AccessToken meanwhile. A good one is let in at once."
    )),
    "domain-not-allowed": (_("This page may not use the token"), _(
        "The page seen was: %(seen)s. An administrator can add its domain to the token's allowed "
        "domains."
    )),
    "network-not-allowed": (_("This network may not use the token"), _(
        "The address seen was %(seen)s. An administrator can add it to the token's allowed "
        "networks."
    )),
    "insufficient-scope": (_("The token lacks a permission"), _(
        "The permission “%(scope)s” is needed. An administrator can tick it in the token's "
        "permissions."
    )),
    "role": (_("Your role does not allow this"), _(
        "The permission “%(scope)s” belongs to another role. Ask an administrator."
    )),
}  # fmt: skip
# There is no domain to add where no page was seen.
NO_PAGE = _(
    "No page was seen. Programs show none: they need a token with allowed networks, or one without "
    "allowed domains."
)
NO_PAGE_IN_BROWSER = _(
    "The browser showed no page, as with typed addresses, links in mails and “noreferrer” links. "
    "Let the page with the link show its address, or have an administrator tick “Sign in without "
    "a referring page” in the token."
)
STATUSES = {
    "token-missing": 400,
    "token-doubled": 400,
    "domain-not-allowed": 403,
    "network-not-allowed": 403,
    "insufficient-scope": 403,
    "role": 403,
    "too-many-failures": 429,
}
NAMES_NO_TOKEN = {
    "token-missing",
    "token-doubled",
    "token-invalid",
    "token-not-yet-valid",
    "token-deleted",
    "code-used",
    "signed-out",
    "too-many-failures",
}
