"""Weiyu's settings, with simplejwt as its manual leaves it and knox beside it, in one process."""

from __future__ import annotations

from datetime import timedelta

from weiyu_site import settings as ours
from weiyu_site.settings import *  # noqa: F403

INSTALLED_APPS = [*ours.INSTALLED_APPS, "knox"]
# Weiyu's own verification reads nothing from here.
SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)}
