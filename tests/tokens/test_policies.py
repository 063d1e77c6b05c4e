"""The content policy of pages, and of what is no page."""

from __future__ import annotations

NOTHING = "default-src 'none'; frame-ancestors 'none'"


def test_json_has_a_policy_that_forbids_everything(carol, bearer, client):
    answers = [
        bearer(carol).get("/api/user/profile"),
        bearer(carol).get("/api/tickets/99"),
        client.get("/api/tickets/list"),
        client.get("/api/nothing"),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 401, 404]
    for answer in answers:
        assert answer["Content-Security-Policy"] == NOTHING
        assert answer["X-Frame-Options"] == "DENY"


def test_a_page_has_the_policy_of_the_site(db, client):
    policy = client.get("/agent/login")["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
