"""Counting calls: exact, also where many begin a window at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.core.cache import cache

from tokens.throttling import count


def count_and_leave(key: str) -> int:
    try:
        return count(key)
    finally:
        # Each thread has its own connections to Redis, if there is one.
        for pool in getattr(cache._cache, "_pools", {}).values():
            pool.disconnect()


def test_everyone_who_begins_a_window_at_once_is_counted():
    with ThreadPoolExecutor(8) as threads:
        counted = list(threads.map(count_and_leave, ["tokens.rate.test.1"] * 40))

    assert sorted(counted) == list(range(1, 41))


def test_each_key_has_a_count_of_its_own():
    assert [count("tokens.rate.test.1") for _ in range(3)] == [1, 2, 3]
    assert count("tokens.rate.test.2") == 1
