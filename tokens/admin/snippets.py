"""What to paste where, with the real host and the new token: shown once, kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rest.addresses import site_address
from tokens.login.addresses import login_address
from tokens.models import AccessToken
from tokens.scopes import Scope, granted

# The title and the text of each kind.
TEXTS: dict[str, tuple[Promise, str]] = {
    "login-agent": (_("Open the workstation"), "$url"),
    "login-admin": (_("Open the admin"), "$url"),
    "link": (
        _("HTML: a link"),
        '<a href="$url"\n   target="weiyu-$target">Weiyu</a>',
    ),
    "iframe": (
        _("HTML: inside a page"),
        '<iframe title="Weiyu" width="100%" height="720" referrerpolicy="origin"\n'
        '        src="$url"></iframe>',
    ),
    "form": (
        _("HTML: a button"),
        '<form method="post" action="$site/$target/auth/login" target="weiyu-$target">\n'
        '  <input type="hidden" name="accessToken" value="$secret">\n'
        "  <button>Weiyu</button>\n"
        "</form>",
    ),
    "script": (
        _("JavaScript: a new tab"),
        'const desk = new URL("/$target/auth/login", "$site");\n'
        'desk.searchParams.set("accessToken", "$secret");\n'
        'window.open(desk, "weiyu-$target");',
    ),
    "curl": (
        _("curl"),
        'curl -H "Authorization: Bearer $secret" \\\n     "$url"',
    ),
    "python": (
        _("Python"),
        "import requests\n\n"
        "weiyu = requests.Session()\n"
        'weiyu.headers["Authorization"] = "Bearer $secret"\n'
        'answer = weiyu.get("$url", timeout=10)\n'
        "answer.raise_for_status()\n"
        "print(answer.json())",
    ),
    "javascript": (
        _("JavaScript: a call"),
        'const answer = await fetch("$url", {\n'
        '  headers: { Authorization: "Bearer $secret" },\n'
        "});\n"
        "if (!answer.ok) throw new Error((await answer.json()).detail);\n"
        "console.log(await answer.json());",
    ),
}


@dataclass(frozen=True)
class Snippet:
    """One text with its copy button. `kind` names it for programs and tests."""

    kind: str
    title: Promise
    text: str


def snippets_for(token: AccessToken, secret: str, site: str) -> list[Snippet]:
    """Return what this token can be used for; what its permissions do not allow is left out."""
    rights = granted(token.user, token)
    targets = _targets(token)
    opens = [(f"login-{target}", target) for target in targets]
    for target in targets[:1]:
        opens += [(kind, target) for kind in ("link", "iframe", "form", "script")]
    calls = [*(("curl", "python") if serves_programs(token) else ()), "javascript"]
    path = "/api/tickets/list?limit=10" if "tickets:read" in rights else "/api/user/profile"
    words = {"secret": secret, "site": site}
    return [
        *(
            _snippet(kind, **words, target=target, url=login_address(target, secret, site))
            for kind, target in opens
        ),
        *(_snippet(kind, **words, url=f"{site}{path}") for kind in calls),
    ]


def _targets(token: AccessToken) -> list[str]:
    """Return the rooms that the token opens by link."""
    rights = granted(token.user, token)
    return [target for target in ("agent", "admin") if f"login:{target}" in rights]


def opens_here(token: AccessToken, secret: str, site: str) -> list[tuple[str, str]]:
    """Return the rooms that a link of our own page opens: it shows no page of a listed domain."""
    if token.domains and not token.allow_missing_referrer:
        return []
    return [(target, login_address(target, secret, site)) for target in _targets(token)]


def serves_programs(token: AccessToken) -> bool:
    """Return whether calls that show no page, as those of programs do, may use the token."""
    return bool(token.networks) or not token.domains


def _snippet(kind: str, **words: str) -> Snippet:
    title, text = TEXTS[kind]
    return Snippet(kind, title, Template(text).substitute(words))


def as_context(token: AccessToken, secret: str, request: HttpRequest) -> dict[str, Any]:
    site = site_address(request)
    return {
        "secret": secret,
        "snippets": snippets_for(token, secret, site),
        "opens": opens_here(token, secret, site),
        "permissions": [choice for choice in Scope.choices if choice[0] in token.scopes],
        "serves_programs": serves_programs(token),
    }
