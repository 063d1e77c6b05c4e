"""Pages and refusals speak the language of the person, and know their time zone."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone, translation

from accounts.actor import Actor
from configuration import values
from configuration.middleware import PersonalSettingsMiddleware


def seen_by(person, *, cookie=True, **headers) -> tuple[str, str]:
    """Return the language and the zone that a view would find."""
    request = RequestFactory().get("/agent/", headers=headers)
    request.user = person
    if cookie:
        request.COOKIES["weiyu"] = "x"
    found = []

    def view(_):
        found.append((translation.get_language(), timezone.get_current_timezone_name()))
        return HttpResponse()

    with translation.override("en"):
        PersonalSettingsMiddleware(view)(request)
    return found[0]


def test_the_persons_own_wishes_win(carol):
    carol.edit(by=Actor.system(), language="zh-hans", time_zone="Asia/Shanghai")

    assert seen_by(carol, **{"Accept-Language": "en"}) == ("zh-hans", "Asia/Shanghai")


def test_without_wishes_the_browser_and_the_site_decide(carol):
    assert seen_by(carol, **{"Accept-Language": "en"}) == ("en", "UTC")


@pytest.mark.parametrize("headers", [{}, {"Accept-Language": "fr, it;q=0.5"}])
def test_where_the_browser_asks_for_no_language_of_ours_the_site_decides(headers, carol):
    values.suppose({"default_language": "zh-hans"})

    assert seen_by(carol, **headers) == ("zh-hans", "UTC")


def test_what_the_browser_asks_for_comes_before_the_site(carol):
    values.suppose({"default_language": "zh-hans"})

    assert seen_by(carol, **{"Accept-Language": "fr, en-GB;q=0.5"}) == ("en", "UTC")


def test_the_zone_does_not_outlive_the_request(carol):
    carol.edit(by=Actor.system(), time_zone="Asia/Shanghai")

    seen_by(carol)

    assert timezone.get_current_timezone_name() == "UTC"


def test_a_program_costs_no_session(carol, as_user, bearer, django_assert_num_queries):
    browser = as_user(carol)
    client = bearer(carol)
    client.cookies = browser.cookies
    client.get("/api/user/profile")

    # The token with its person, and their workgroups.
    with django_assert_num_queries(2):
        assert client.get("/api/user/profile").status_code == 200


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/St_Johns"])
def test_api_times_are_utc_whatever_the_person_wishes(zone, carol, as_user):
    carol.edit(by=Actor.system(), time_zone=zone)

    assert as_user(carol).get("/api/user/profile").json()["created_at"].endswith("Z")


def test_api_times_are_utc_whatever_the_site_says(carol, bearer):
    values.suppose({"default_time_zone": "Asia/Shanghai"})

    assert bearer(carol).get("/api/user/profile").json()["created_at"].endswith("Z")
