"""The static files: each is there once, else installing warns of it each time."""

from __future__ import annotations

from collections import Counter

from django.contrib.staticfiles.finders import get_finders


def test_no_two_static_files_have_the_same_name():
    names = Counter(name for finder in get_finders() for name, _ in finder.list([]))

    assert "weiyu/icon.svg" in names
    assert [name for name, count in names.items() if count > 1] == []
