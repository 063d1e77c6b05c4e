"""The language and the time zone of the person behind a request."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation

from accounts.languages import asked_for
from accounts.time_zones import zone_of
from configuration.values import value


class PersonalSettingsMiddleware:
    """Speak the person's language and show times of their zone, else those of the site.

    Only sessions have a person before the view runs; programs say what they want per call.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language, zone = _wishes(request)
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        if zone.key == settings.TIME_ZONE:
            return self.get_response(request)
        # Threads serve many people, so the zone must not outlive the request.
        with timezone.override(zone):
            return self.get_response(request)


def _wishes(request: HttpRequest) -> tuple[str, ZoneInfo]:
    """Return the language ("" leaves the browser's) and the time zone to use."""
    # Programs read UTC, whoever they come for.
    is_api = request.path_info.startswith("/api/")
    is_asked_for = asked_for(request.headers.get("Accept-Language", ""))
    language = "" if is_asked_for else value("default_language")
    zone = "UTC" if is_api else value("default_time_zone")
    is_session = settings.SESSION_COOKIE_NAME in request.COOKIES
    if is_session and request.user.is_authenticated:
        own_zone = "" if is_api else request.user.time_zone
        return request.user.language or language, zone_of(own_zone, zone)
    return language, zone_of(zone)
