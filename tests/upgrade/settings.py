"""The settings of tests with the password hashers of a deployment: kept passwords are its own."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from weiyu_site.settings import PASSWORD_HASHERS  # noqa: F401 - in the place of the one above
