"""The site's own settings, with what a test run must not share with a deployment."""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path

os.environ.setdefault("WEIYU_SECRET_KEY", "tests-only-" + "0" * 50)
os.environ.setdefault(
    "WEIYU_TOKEN_KEYS",
    ",".join(f"{kid}:{base64.b64encode(kid.encode() * 24).decode()}" for kid in ("t1", "t2")),
)
os.environ.setdefault("WEIYU_ALLOWED_HOSTS", "testserver,localhost,127.0.0.1,.weiyu.test")
os.environ.setdefault("WEIYU_DATA_DIR", str(Path(tempfile.gettempdir()) / f"weiyu-{os.getpid()}"))

from weiyu_site.settings import *  # noqa: F403

# Argon2 is slow on purpose; only the test of the hasher itself wants it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# No thread of the server's writes to a test's database behind its back.
REFUSED_CALLS_WRITTEN_EVERY = 0.0
STORAGES = {
    **STORAGES,  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # noqa: F405

if REDIS_URL:  # noqa: F405
    # Several runs, and the workers of each, share one Redis without touching each other's keys.
    _own = f"test-{os.getpid()}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    CACHES["default"] |= {  # noqa: F405
        "BACKEND": "tests.caches.OwnKeysRedisCache",
        "KEY_PREFIX": _own,
    }
    CHANNEL_LAYERS["default"]["CONFIG"] |= {"prefix": _own}  # type: ignore[operator]  # noqa: F405
