"""Rooms with enough people to turn pages in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User


@pytest.fixture
def crowd(db) -> Callable[[int], list[User]]:
    """Return a function that makes so many customers at once, without passwords."""

    def make(count: int) -> list[User]:
        return User.objects.bulk_create(
            User(username=f"guest{number:05}@example.com", password="!") for number in range(count)
        )

    return make
