"""The cast. Alice and Bob are customers, Carol and Carlos are agents, Dora an administrator."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

import configuration.values
from accounts.actor import Actor
from accounts.models import User
from tokens.models import AccessToken

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _default_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with the default values as just read, so that reading them costs no test a query."""
    monkeypatch.setattr(configuration.values, "LONGEST_AGE_SECONDS", float("inf"))
    configuration.values.suppose({})


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterable[None]:
    yield
    cache.clear()


def person(username: str, role: str) -> User:
    return User.objects.create_user(
        username, PASSWORD, role=role, display_name=username.partition("@")[0].title()
    )


@pytest.fixture
def alice(db) -> User:
    return person("alice@example.com", User.Role.CUSTOMER)


@pytest.fixture
def bob(db) -> User:
    return person("bob@example.com", User.Role.CUSTOMER)


@pytest.fixture
def carol(db) -> User:
    return person("carol@example.com", User.Role.AGENT)


@pytest.fixture
def carlos(db) -> User:
    return person("carlos@example.com", User.Role.AGENT)


@pytest.fixture
def dora(db) -> User:
    return person("dora@example.com", User.Role.ADMINISTRATOR)


@pytest.fixture
def as_user() -> Callable[[User], APIClient]:
    """Return an API client of a person who signed in with a password."""

    def client_of(user: User) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    return client_of


@pytest.fixture
def issue() -> Callable[..., tuple[AccessToken, str]]:
    """Return a function that issues a token: `issue(carol, scopes=[…])` → (row, secret)."""

    def issue_for(user: User, **settings) -> tuple[AccessToken, str]:
        settings.setdefault("name", "test")
        return AccessToken.objects.issue(user=user, by=Actor.system(), **settings)

    return issue_for


@pytest.fixture
def bearer(issue) -> Callable[..., APIClient]:
    """Return an API client that sends a real token: `bearer(carol, scopes=[…])`."""

    def client_of(user: User, **settings) -> APIClient:
        _, secret = issue(user, **settings)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return client_of
