"""The time zones that there are."""

from __future__ import annotations

import zoneinfo
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all zones; the library reads the disk each time that it is asked."""
    return frozenset(zoneinfo.available_timezones())


def validate_time_zone(name: str) -> None:
    """Refuse a name that is not an IANA zone."""
    if name not in time_zones():
        raise ValidationError(
            _("“%(name)s” is no time zone. Use a name like Asia/Shanghai."),
            code="invalid_time_zone",
            params={"name": name},
        )
