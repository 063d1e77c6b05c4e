"""What would happen if a token were used: the real rules, without any trace of the simulation.

Nothing is written, counted or noted here, and the token itself is kept nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from tokens.diagnostics.cookie_modes import (
    COOKIE_MODES,
    OFFERS_TAB,
    dropped_cookie_mode,
    frame_cookie_mode,
)
from tokens.diagnostics.pasted import Pasted
from tokens.diagnostics.rule_texts import REASONS, advice
from tokens.errors import Refused
from tokens.models import AccessToken
from tokens.origins.domains import Origin
from tokens.scopes import ROLE_SCOPES
from tokens.verification.call import Call
from tokens.verification.rules import RULES, Case
from tokens.verification.verify import find

TITLES: dict[str, Promise] = {
    "link": _("Link, form or new window on that page"),
    "bare-link": _("Link that shows no page: typed, from a mail, noreferrer"),
    "frame": _("Frame on that page"),
    "frame-without-cookies": _("Frame on that page, in a browser that keeps no cookies there"),
    "api-page": _("Script of that page calls the API"),
    "api-server": _("Program or server calls the API"),
}
TARGET_NAMES: dict[str, Promise] = {
    "agent": _("Workstation"),
    "admin": _("Admin"),
}
OUTCOME_NAMES: dict[str, Promise] = {
    "works": _("Works"),
    "refused": _("Refused"),
    "new-tab": _("New tab"),
    "blocked": _("Cannot work"),
}


@dataclass(frozen=True)
class Question:
    """How the token would be used. `own` is this server, as people reach it."""

    address: str
    own: Origin
    page: Origin | None = None
    scope: str = ""


@dataclass(frozen=True)
class Step:
    """What one rule says."""

    rule: str
    passes: bool
    sentence: str


@dataclass(frozen=True)
class Use:
    """One way to use a token: the call as the server would see it, and how a browser goes on."""

    kind: str
    call: Call
    scope: str = ""
    target: str = ""
    scheme: str = ""
    cookie_mode: str = ""


@dataclass(frozen=True)
class Verdict:
    """What would come of a use, and each rule until the one that decides."""

    use: Use
    steps: tuple[Step, ...]
    refusal: Refused | None = None

    @property
    def title(self) -> str:
        target = f"{TARGET_NAMES[self.use.target]} · " if self.use.target else ""
        scheme = f", {self.use.scheme}" if self.use.scheme else ""
        return f"{target}{TITLES[self.use.kind]}{scheme}"

    @property
    def outcome(self) -> str:
        """Return "works", "refused", or what a browser does instead: "new-tab", "blocked"."""
        if self.use.cookie_mode == "blocked":
            return "blocked"
        if self.refusal:
            return "refused"
        return "new-tab" if self.use.cookie_mode in OFFERS_TAB else "works"

    @property
    def outcome_name(self) -> str:
        return str(OUTCOME_NAMES[self.outcome])

    @property
    def sentence(self) -> str:
        """Return what decides."""
        if self.refusal and self.outcome == "refused":
            words = {"title": self.refusal.title, "advice": self.steps[-1].sentence}
            return _("%(title)s. %(advice)s") % words
        return str(COOKIE_MODES.get(self.use.cookie_mode, ""))


@dataclass(frozen=True)
class Simulation:
    """The token that was looked at, None where none was found, and what would come of each use."""

    token: AccessToken | None
    steps: tuple[Step, ...]
    refusal: Refused | None = None
    verdicts: tuple[Verdict, ...] = ()

    @classmethod
    def of_nothing(cls, refusal: Refused) -> Simulation:
        """Return what comes of every use where no token is found."""
        return cls(None, (_step("token", refusal, "login"),), refusal)


@sensitive_variables("pasted")
def simulate(pasted: Pasted, question: Question) -> Simulation:
    """Return what would come of every use of a token that somebody pasted."""
    try:
        signed, token = find(pasted.secret)
    except Refused as refusal:
        return Simulation.of_nothing(refusal)
    found = _("It is signed by this server and stands here as “%(token)s” of %(person)s.") % {
        "token": token,
        "person": token.user,
    }
    verdicts = tuple(
        _verdict(use, Case(token, use.call, token.user, use.scope or None, signed.has_expired))
        for use in _uses(token, pasted, question)
    )
    return Simulation(token, (Step("token", True, found),), verdicts=verdicts)


def _verdict(use: Use, case: Case) -> Verdict:
    """Ask the rules of the verification one after the other, until one refuses."""
    steps: list[Step] = []
    for name, rule in RULES:
        try:
            rule(case)
        except Refused as refusal:
            return Verdict(use, (*steps, _step(name, refusal, use.call.kind)), refusal)
        if sentence := str(REASONS[name](case)):
            steps.append(Step(name, True, sentence))
    return Verdict(use, tuple(steps))


def _step(name: str, refusal: Refused, kind: str) -> Step:
    return Step(name, False, advice(refusal, kind=kind))


def _uses(token: AccessToken, pasted: Pasted, question: Question) -> Iterator[Use]:
    for target in _targets(token, pasted):
        yield from _logins(target, question)
    if question.page:
        call = Call("api", question.address, str(question.page))
        yield Use("api-page", call, question.scope)
    yield Use("api-server", Call("api", question.address), question.scope)


def _targets(token: AccessToken, pasted: Pasted) -> Sequence[str]:
    if pasted.target:
        return (pasted.target,)
    rights = ROLE_SCOPES[token.user.role]
    return ("agent", "admin") if "login:admin" in rights else ("agent",)


def _logins(target: str, question: Question) -> Iterator[Use]:
    scope, page, own = f"login:{target}", question.page, question.own
    if page:
        # From https to http browsers keep the page to themselves.
        shown = None if (page.scheme, own.scheme) == ("https", "http") else str(page)
        call = Call("login", question.address, shown)
        yield Use("link", call, scope, target, own.scheme, "tab")
    yield Use("bare-link", Call("login", question.address), scope, target, "", "tab")
    if page:
        yield from _frames(page, target, question)


def _frames(page: Origin, target: str, question: Question) -> Iterator[Use]:
    for scheme in ("https",) if settings.SECURE else ("https", "http"):
        # Only over https does the browser itself say that it shows a frame.
        kind = "frame" if scheme == "https" else "login"
        own = replace(question.own, scheme=scheme)
        call = Call(kind, question.address, str(page))
        use = Use("frame", call, f"login:{target}", target, scheme)
        yield replace(use, cookie_mode=frame_cookie_mode(page, own, target=target))
        if dropped := dropped_cookie_mode(page, own, target=target):
            yield replace(use, kind="frame-without-cookies", cookie_mode=dropped)
