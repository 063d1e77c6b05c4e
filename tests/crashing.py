"""Settings of a server with a view that crashes and error mails that go to files."""

from __future__ import annotations

from weiyu_site.settings import *  # noqa: F403

ROOT_URLCONF = "tests.crashing_urls"
ADMINS = [("Operator", "operator@example.com")]
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = DATA_DIR / "mails"  # noqa: F405
LOGGING["handlers"]["mails"] = {  # noqa: F405
    "class": "django.utils.log.AdminEmailHandler",
    "level": "ERROR",
    "include_html": True,
}
LOGGING["loggers"]["django"]["handlers"].append("mails")  # noqa: F405
