"""Counting calls: exact, also where many begin a window at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tokens.verification.rates import count

pytestmark = pytest.mark.cache


def test_everyone_who_begins_a_window_at_once_is_counted():
    with ThreadPoolExecutor(8) as threads:
        counted = list(threads.map(count, ["tokens.rate.test.1"] * 40))

    assert sorted(counted) == list(range(1, 41))


def test_each_key_has_a_count_of_its_own():
    assert [count("tokens.rate.test.1") for _ in range(3)] == [1, 2, 3]
    assert count("tokens.rate.test.2") == 1
