"""Calls of /api/tokens, and what tests look at after them."""

from __future__ import annotations

from rest_framework.test import APIClient

from tokens.models import AccessToken, TokenEvent

LIST = "/api/tokens/list"
CREATE = "/api/tokens/create"


def with_token(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()]


def refused(response, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code), response.content


def rows() -> list[tuple]:
    """Return all that writing would change."""
    return [
        *AccessToken.objects.order_by("pk").values_list("pk", "version", "disabled_at", "name"),
        TokenEvent.objects.exclude(verb="denied").count(),
    ]
