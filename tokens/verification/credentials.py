"""The token that a call carries: as a bearer, in the address, or in a form."""

from __future__ import annotations

import re

from django.http import HttpRequest

from tokens.errors import Refused
from tokens.verification.call import Call
from tokens.verification.refused_counter import counted

_BLANKS = re.compile(r"[ \t\r\n]+")


def without_blanks(text: str) -> str:
    """Return a credential without the blanks and line ends that came along when it was copied."""
    return text.strip(" \t\r\n\f\v")


def bearer_of(header: str) -> str | None:
    """Return what a Bearer header carries (the scheme in any case), None for other schemes."""
    # Blanks as HTTP knows them: Python would also strip letters such as a no-break space.
    scheme, *rest = _BLANKS.split(without_blanks(header), maxsplit=1)
    if scheme.lower() != "bearer":
        return None
    return rest[0] if rest else ""


def one_token(request: HttpRequest) -> str:
    """Return the one token of a login call, out of its address or its form."""
    sent = [*request.META.get("weiyu.access_tokens", [])]
    if request.method == "POST":
        sent += request.POST.getlist("accessToken")
    given = [token for token in map(without_blanks, sent) if token]
    if not given or len(sent) > 1:
        cause = "token-doubled" if given else "token-missing"
        raise counted(Call.of_login(request), Refused(cause))
    return given[0]
