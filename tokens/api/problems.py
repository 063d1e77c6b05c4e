"""Refused tokens as problems, with the challenge that RFC 6750 asks for."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from rest_framework.exceptions import NotAuthenticated

from rest.problems import answer, problem
from tokens.errors import Refused

CHALLENGE = 'Bearer realm="api"'


@answer.register
def _answer_refused(error: Refused, request: HttpRequest | None) -> HttpResponse:
    """Say what is wrong with a token, in the body and in the challenge."""
    headers = {}
    scope = error.scope
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = challenge(error)
    elif error.cause == "insufficient-scope":
        headers["WWW-Authenticate"] = f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'
    extra: dict[str, Any] = {"scope": scope} if scope else {}
    return problem(
        error.status, error.cause, error.message, request=request, headers=headers, **extra
    )


@answer.register
def _answer_nobody(error: NotAuthenticated, request: HttpRequest | None) -> HttpResponse:
    """Ask for credentials; without any, the challenge names no error (RFC 6750, 3.1)."""
    return problem(
        HTTPStatus.UNAUTHORIZED,
        "token-missing",
        Refused("token-missing").message,
        request=request,
        headers={"WWW-Authenticate": CHALLENGE},
    )


def challenge(error: Refused) -> str:
    """Return the WWW-Authenticate value of a bad token; headers speak plain English only."""
    with translation.override("en"):
        sentence = str(error.message)
    plain = "".join(c for c in sentence if " " <= c <= "~" and c not in '"\\')
    return f'{CHALLENGE}, error="invalid_token", error_description="{plain}"'
