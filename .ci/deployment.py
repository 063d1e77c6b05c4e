"""Run Django's deployment checks on the settings of a production: every warning fails."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "weiyu_site.settings",
    "WEIYU_SECRET_KEY": secrets.token_urlsafe(60),
    "WEIYU_TOKEN_KEYS": "a:" + base64.b64encode(secrets.token_bytes(48)).decode(),
    "WEIYU_PUBLIC_URL": "https://desk.example.com",
    "WEIYU_ALLOWED_HOSTS": "desk.example.com",
    "WEIYU_TRUSTED_PROXIES": "10.0.0.0/8",
    "WEIYU_EMAIL_URL": "smtp+tls://mail.example.com:587",
}


def main() -> None:
    # Nothing of the caller's own deployment may decide the answer.
    for name in [name for name in os.environ if name.startswith("WEIYU_")]:
        del os.environ[name]
    os.environ.update(PRODUCTION)
    sys.path.insert(0, str(ROOT))
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "check", "--deploy", "--fail-level", "WARNING"])


if __name__ == "__main__":
    main()
