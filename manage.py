#!/usr/bin/env python
"""Run Weiyu's management commands."""

from __future__ import annotations

import os
import sys

try:
    from django.core.management import execute_from_command_line
except ModuleNotFoundError as error:
    if error.name != "django":
        raise
    sys.exit(
        f"{sys.executable} has no Django. `make run` installs it for this folder alone; then type"
        " .venv/bin/python manage.py …"
    )

from weiyu_site.launch import keys
from weiyu_site.launch.refusals import ending_in_a_sentence

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiyu_site.settings")
    # What `make run` made, so that commands work beside it in the same folder.
    keys.load()
    with ending_in_a_sentence():
        execute_from_command_line(sys.argv)
