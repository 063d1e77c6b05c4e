"""Two deployments on one Redis, told apart by their secrets alone."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys

import pytest

from tests.server import ROOT

pytestmark = pytest.mark.redis

SETTINGS = """
import json
from django.conf import settings
from django.core.cache import cache
cache.set("counter", 1, timeout=60) if {write} else None
prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
print(json.dumps([cache.get("counter"), prefix]))
"""


def look(secret: str, *, write: bool = False) -> tuple[int | None, str]:
    said = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", SETTINGS.format(write=write)],
        cwd=ROOT, env={**os.environ, "DJANGO_SETTINGS_MODULE": "weiyu_site.settings",
                       "WEIYU_SECRET_KEY": secret},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return tuple(json.loads(said))


def test_what_one_deployment_keeps_another_does_not_see():
    ours, theirs = secrets.token_urlsafe(50), secrets.token_urlsafe(50)

    kept, our_channels = look(ours, write=True)
    seen, their_channels = look(theirs)

    assert (kept, seen) == (1, None)
    assert our_channels != their_channels
    assert look(ours) == (1, our_channels)
    assert ours not in our_channels
