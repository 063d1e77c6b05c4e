"""What a token, or a one-time code, opens: for whom, with which token, and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from accounts.models import User
from tokens.errors import Refused
from tokens.login.addresses import safe_next
from tokens.models import AccessToken, LoginCode
from tokens.models.login_code import PREFIX
from tokens.request import address_of
from tokens.verification.call import Call
from tokens.verification.refused_counter import counted
from tokens.verification.verify import check, verify


@dataclass(frozen=True)
class Login:
    """Who comes in by which token, and where to. `seen` is the origin of the page they were on."""

    token: AccessToken
    person: User
    target: str
    page: str
    seen: str = ""

    @classmethod
    def of_code(cls, found: LoginCode) -> Login:
        page = safe_next(found.target, found.next)
        return cls(found.access_token, found.user, found.target, page, found.page)

    def check(self, call: Call) -> None:
        """Raise Refused unless token and person may still open the target."""
        check(self.token, call, scope=f"login:{self.target}", person=self.person)

    def check_session(self, request: HttpRequest) -> None:
        """Raise Refused unless the calls of its session would be good, once it is open."""
        page, domains = self.seen or None, tuple(self.token.domains)
        self.check(Call("session", address_of(request), page=page, domains=domains))

    def code(self, *, session_key: str = "", expires_at: datetime | None = None) -> str:
        """Return a new one-time code that stands for this login."""
        return LoginCode.make(
            self.token,
            user=self.person,
            target=self.target,
            next_page=self.page,
            page=self.seen,
            session_key=session_key,
            expires_at=expires_at,
        )


def verify_login(request: HttpRequest, secret: str, target: str) -> Login:
    """Return what a token, or the one-time code of a login link, opens; raises Refused."""
    call = Call.of_login(request)
    if secret.startswith(PREFIX):
        return _verify_code(secret, call)
    token = verify(secret, call, scope=f"login:{target}")
    page = safe_next(target, request.GET.get("next") or request.POST.get("next"))
    return Login(token, token.user, target, page, call.seen)


def _verify_code(code: str, call: Call) -> Login:
    """Look at a login link's code without using it up, and note the page that shows it."""
    found = LoginCode.peek(code)
    if found is None:
        raise counted(call, Refused("code-used"))
    Login.of_code(found).check(call)
    found.admit(call.seen)
    return Login.of_code(found)
