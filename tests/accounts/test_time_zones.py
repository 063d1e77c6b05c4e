"""Zones that are refused, and zones that this machine has lost since they were saved."""

from __future__ import annotations

import pytest

from accounts import time_zones
from accounts.models import User
from configuration import values

NO_ZONES = ["localtime", "Factory", "Mars/Olympus", "posix/UTC/", "../UTC"]


@pytest.mark.parametrize("name", NO_ZONES)
def test_what_names_no_place_is_refused(name, carol, dora, as_user):
    for client, method, path, body in (
        (as_user(carol), "put", "/api/user/profile", {"time_zone": name}),
        (as_user(dora), "patch", f"/api/users/{carol.pk}", {"time_zone": name}),
        (as_user(dora), "put", "/api/settings/default_time_zone", {"value": name}),
        (as_user(dora), "get", f"/api/statistics/overview?tz={name}", None),
    ):
        answer = getattr(client, method)(path, body)
        assert answer.status_code == 400, (path, answer.content)
    carol.refresh_from_db()
    assert carol.time_zone == ""


def test_a_zone_that_this_machine_does_not_know_falls_back_to_the_sites_and_then_to_utc(
    carol, dora, as_user, caplog
):
    User.objects.update(time_zone="Mars/Olympus")
    time_zones._warn_once.cache_clear()
    pages = ["/agent/tickets", "/api/user/profile", "/api/statistics/overview"]

    for site, expected in (("Asia/Shanghai", "Asia/Shanghai"), ("Mars/Base", "UTC")):
        values.suppose({"default_time_zone": site})
        assert str(time_zones.zone_of("Mars/Olympus", site)) == expected
        for page in pages:
            assert as_user(carol).get(page).status_code == 200, (site, page)
        assert as_user(dora).get("/admin/").status_code == 200
        answer = as_user(carol).get("/api/statistics/timeseries")
        assert answer.status_code == 200

    # Once for each, not with every call.
    told = [record.args for record in caplog.records if "knows no time zone" in record.message]
    assert sorted(told) == [("Mars/Base",), ("Mars/Olympus",)]
