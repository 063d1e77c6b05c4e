"""AccessTokens in the OpenAPI description, and the requests that it is made with."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_mock_request
from rest_framework.request import Request

from tokens.request import prepare


def request_of_nobody(*args: Any, **kwargs: Any) -> Request:
    """Return drf-spectacular's request, which passes no middleware, as one that has."""
    request: Request = build_mock_request(*args, **kwargs)
    prepare(request._request)
    return request


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "tokens.api.authentication.BearerAuthentication"
    name = "AccessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An AccessToken of the admin's token page.",
        }
