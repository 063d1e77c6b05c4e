"""The cast. Alice and Bob are customers, Carol and Carlos are agents, Dora an administrator."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator, Iterable
from typing import Any

import hypothesis
import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from rest_framework.test import APIClient

import configuration.values
from accounts.actor import Actor
from accounts.models import User
from records import triggers
from tests.server import demo, prepared, serving, weiyu  # noqa: F401 - the fixtures themselves
from tokens.models import AccessToken

# A machine that many share stops for a moment now and then, which is no finding.
hypothesis.settings.register_profile(
    "weiyu", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("weiyu")

PASSWORD = "correct horse battery staple"
# `make check` sets it: there, what cannot run has failed.
NOTHING_SKIPPED = os.environ.get("WEIYU_TEST_NOTHING_SKIPPED") == "true"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let what touches no database, cache or server run once."""
    touches = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    is_marked = any(item.get_closest_marker(name) for name in ("django_db", "server", "cache"))
    if not touches and not is_marked and not item.get_closest_marker("redis"):
        item.add_marker("once")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first, so that no worker is left alone with it in the end."""
    items.sort(key=lambda item: [not item.get_closest_marker(it) for it in ("browser", "server")])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs another database or Redis, and say so."""
    if item.get_closest_marker("postgresql") and connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL (WEIYU_DATABASE_URL)")
    if item.get_closest_marker("redis") and not settings.REDIS_URL:
        pytest.skip("needs Redis (WEIYU_REDIS_URL)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    return _refuse_skip((yield))


def _refuse_skip(report: Any) -> Any:
    if NOTHING_SKIPPED and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"Nothing may be skipped here. {reason}"
    return report


@pytest.fixture(scope="module", autouse=True)
def _no_event_loop_is_left() -> Iterable[None]:
    """Let the module that leaves a loop running fail, not the database tests that come later."""
    yield
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


@pytest.fixture(autouse=True)
def _histories_can_be_emptied(request: pytest.FixtureRequest) -> Iterable[None]:
    """Take the guard away before a test's database is emptied; migrating brings it back."""
    marker = request.node.get_closest_marker("django_db")
    is_marked = bool(marker and marker.kwargs.get("transaction"))
    is_emptied = is_marked or "transactional_db" in request.fixturenames
    if is_emptied:
        request.getfixturevalue("transactional_db")
    yield
    if is_emptied:
        for history in triggers.histories(apps.get_models()):
            triggers.unguard(history, connection)


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
