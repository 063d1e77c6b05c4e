"""The page that shows an integrator what a browser sends inside a frame."""

from __future__ import annotations

import pytest
from django.test import Client

from tokens.models import Session

CHECK = "/agent/auth/check"


def test_it_shows_what_was_sent_and_anyone_may_frame_it(db):
    answer = Client().get(
        CHECK,
        headers={"Referer": "https://shop.example/page?x=1", "Sec-Fetch-Dest": "<iframe>"},
    )

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "https://shop.example</dd>" in page
    assert "x=1" not in page
    assert "&lt;iframe&gt;" in page
    assert "frame-ancestors" not in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert "no-store" in answer["Cache-Control"]


def test_a_header_that_was_not_sent_is_told_from_one_that_says_none(db):
    page = Client().get(CHECK, headers={"Sec-Fetch-Site": "none"}).content.decode()

    assert "<code>Sec-Fetch-Site</code></dt><dd>none</dd>" in page
    assert "<code>Sec-Fetch-Mode</code></dt><dd>not sent</dd>" in page


@pytest.mark.parametrize("secure", [False, True])
def test_its_cookies_are_for_a_minute_and_for_itself(secure, db):
    cookies = Client().get(CHECK, secure=secure).cookies

    assert set(cookies) == {"weiyu-check-lax"} | ({"weiyu-check-partitioned"} if secure else set())
    for cookie in cookies.values():
        assert (cookie["max-age"], cookie["path"], cookie["httponly"]) == (60, CHECK, True)
        assert bool(cookie["secure"]) is secure
    if secure:
        other = cookies["weiyu-check-partitioned"]
        assert (other["samesite"], other["partitioned"]) == ("None", True)


def test_it_tells_which_cookies_came_back(db):
    client = Client()
    assert client.get(CHECK, {"cookies": ""}).json() == {"lax": False, "partitioned": False}
    client.get(CHECK)

    assert client.get(CHECK, {"cookies": ""}).json() == {"lax": True, "partitioned": False}


def test_it_opens_no_session_and_asks_no_database(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        Client().get(CHECK)

    assert Session.objects.count() == 0
