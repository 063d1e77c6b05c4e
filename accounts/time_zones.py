"""The time zones that there are, here and now."""

from __future__ import annotations

import logging
import zoneinfo
from functools import cache
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Files of the system's database that name no place: the machine's own zone, and "not set up".
NO_PLACES = {"localtime", "Factory"}

logger = logging.getLogger(__name__)


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all zones; the library reads the disk each time that it is asked."""
    return frozenset(zoneinfo.available_timezones() - NO_PLACES)


def validate_time_zone(name: str) -> None:
    """Refuse a name that is not an IANA zone."""
    if name not in time_zones():
        raise ValidationError(
            _("“%(name)s” is no time zone. Use a name like Asia/Shanghai."),
            code="invalid_time_zone",
            params={"name": name},
        )


def zone_of(*names: str) -> ZoneInfo:
    """Return the first of the zones that this machine knows, and UTC if it knows none.

    What was a zone when it was saved may be none here: on another machine, or after an update.
    """
    for name in names:
        if name in time_zones():
            return ZoneInfo(name)
        if name:
            _warn_once(name)
    return ZoneInfo("UTC")


@cache
def _warn_once(name: str) -> None:
    logger.warning("This machine knows no time zone %s; another one is used instead.", name)
