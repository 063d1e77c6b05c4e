"""What to paste where, with the real host and the new token: shown once, kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from rest.addresses import site_address
from tokens.login.addresses import login_address
from tokens.models import AccessToken
from tokens.scopes import granted


@dataclass(frozen=True)
class Snippet:
    """One text with its copy button. `kind` names it for programs and tests."""

    kind: str
    title: str
    text: str


def snippets_for(token: AccessToken, secret: str, site: str) -> list[Snippet]:
    """Return what this token can be used for; what its permissions do not allow is left out."""
    rights = granted(token.user, token)
    targets = [target for target in ("agent", "admin") if f"login:{target}" in rights]
    found = [*_links(targets, secret, site)]
    if targets:
        found += _embeddings(targets[0], secret, site)
    path = "/api/tickets/list?limit=10" if "tickets:read" in rights else "/api/user/profile"
    if serves_programs(token):
        found += _programs(secret, f"{site}{path}")
    return [*found, _script_call(secret, f"{site}{path}")]


def serves_programs(token: AccessToken) -> bool:
    """Return whether calls that show no page, as those of programs do, may use the token."""
    return bool(token.networks) or not token.domains


def _links(targets: Iterable[str], secret: str, site: str) -> Iterable[Snippet]:
    titles = {"agent": _("Open the workstation"), "admin": _("Open the admin")}
    for target in targets:
        yield Snippet(f"login-{target}", titles[target], login_address(target, secret, site))


def _embeddings(target: str, secret: str, site: str) -> list[Snippet]:
    address = login_address(target, secret, site)
    window = f"weiyu-{target}"
    return [
        Snippet(
            "link",
            _("HTML: a link"),
            f'<a href="{address}"\n   target="{window}">Weiyu</a>',
        ),
        Snippet(
            "iframe",
            _("HTML: inside a page"),
            f'<iframe title="Weiyu" width="100%" height="720" referrerpolicy="origin"\n'
            f'        src="{address}"></iframe>',
        ),
        Snippet(
            "form",
            _("HTML: a button"),
            f'<form method="post" action="{site}/{target}/auth/login" target="{window}">\n'
            f'  <input type="hidden" name="accessToken" value="{secret}">\n'
            f"  <button>Weiyu</button>\n"
            f"</form>",
        ),
        Snippet(
            "script",
            _("JavaScript: a new tab"),
            f'const desk = new URL("/{target}/auth/login", "{site}");\n'
            f'desk.searchParams.set("accessToken", "{secret}");\n'
            f'window.open(desk, "{window}");',
        ),
    ]


def _programs(secret: str, address: str) -> list[Snippet]:
    return [
        Snippet(
            "curl",
            _("curl"),
            f'curl -H "Authorization: Bearer {secret}" \\\n     "{address}"',
        ),
        Snippet(
            "python",
            _("Python"),
            f"import requests\n\n"
            f"weiyu = requests.Session()\n"
            f'weiyu.headers["Authorization"] = "Bearer {secret}"\n'
            f'answer = weiyu.get("{address}", timeout=10)\n'
            f"answer.raise_for_status()\n"
            f"print(answer.json())",
        ),
    ]


def _script_call(secret: str, address: str) -> Snippet:
    return Snippet(
        "javascript",
        _("JavaScript: a call"),
        f'const answer = await fetch("{address}", {{\n'
        f'  headers: {{ Authorization: "Bearer {secret}" }},\n'
        f"}});\n"
        f"if (!answer.ok) throw new Error((await answer.json()).detail);\n"
        f"console.log(await answer.json());",
    )


def as_context(token: AccessToken, secret: str, request: HttpRequest) -> dict[str, Any]:
    return {
        "secret": secret,
        "snippets": snippets_for(token, secret, site_address(request)),
        "serves_programs": serves_programs(token),
    }
