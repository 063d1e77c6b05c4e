"""Databases of older releases, upgraded by the code of now: what people saw then, they see still.

`python -m tests.upgrade.keep 0.1.0` makes the files of a release (keep.py), and test_upgrade.py
migrates them and looks at them. Clock and secrets are those of then, so that what was good is good.
"""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime

PASSWORD = "correct horse battery staple"
MOMENT = "WEIYU_TEST_MOMENT"


def environment(url: str, moment: datetime) -> dict[str, str]:
    """Return the environment in which a kept database is made and looked at."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEIYU_")}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "tests.upgrade.settings",
        "WEIYU_SECRET_KEY": "of-a-kept-database-" + "0" * 50,
        "WEIYU_TOKEN_KEYS": "kept:" + base64.b64encode(b"kept" * 12).decode(),
        "WEIYU_DEMO_PASSWORD": PASSWORD,
        "WEIYU_DATABASE_URL": url,
        "WEIYU_LOG_LEVEL": "ERROR",
        MOMENT: moment.isoformat(),
    }


def moment() -> datetime:
    """Return what the clock shows in such a process."""
    return datetime.fromisoformat(os.environ[MOMENT]).astimezone(UTC)
