"""The cache on Redis counts as Django's own does, in one trip."""

from __future__ import annotations

import contextvars

import pytest
from django.core.cache import cache, caches

pytestmark = pytest.mark.redis


@pytest.fixture
def trips(monkeypatch):
    """Return the list of commands that are sent from now on."""
    sent = []
    client = cache._cache.get_client(write=True)
    execute = client.execute_command

    def note(*words, **options):
        sent.append(words[0])
        return execute(*words, **options)

    monkeypatch.setattr(client, "execute_command", note)
    return sent


def test_counting_up_takes_one_trip_and_keeps_the_end_of_the_counter(trips):
    cache.add("calls", 1, timeout=60)
    trips.clear()

    assert [cache.incr("calls"), cache.incr("calls", 5), cache.decr("calls")] == [2, 7, 6]

    assert trips == ["EVAL", "EVAL", "EVAL"]
    assert cache.get("calls") == 6
    client = cache._cache.get_client()
    assert 0 < client.ttl(cache.make_key("calls")) <= 60


def test_what_is_not_there_is_not_begun():
    with pytest.raises(ValueError, match="calls"):
        cache.incr("calls")

    assert cache.get("calls") is None


def test_the_client_is_kept_from_call_to_call():
    kept = cache._cache.get_client(write=True)

    # Each call runs in a context of its own, as the server runs it, and gets a cache of its own.
    in_another_call = contextvars.Context().run(lambda: caches["default"])
    assert in_another_call is not caches["default"]
    assert in_another_call._cache.get_client("calls") is kept
