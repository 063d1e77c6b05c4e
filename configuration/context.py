"""What every page may show of the configuration."""

from __future__ import annotations

from django.http import HttpRequest

from configuration.values import value


def our_name(request: HttpRequest) -> dict[str, str]:
    """Return the name of the site; Django's sign-in pages have a `site_name` of their own."""
    return {"our_name": value("site_name")}
