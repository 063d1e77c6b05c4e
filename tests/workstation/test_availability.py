from __future__ import annotations

import pytest


def test_an_agent_says_whether_they_are_there(carol, by_link, part):
    response = by_link(carol).post("/agent/availability", {"availability": "BUSY"}, headers=part())

    carol.refresh_from_db()
    assert response.status_code == 200
    assert 'value="BUSY" selected' in response.content.decode()
    assert carol.availability == "BUSY"


@pytest.mark.parametrize("word", ["", "ASLEEP", "busy"])
def test_an_unknown_word_changes_nothing(word, carol, by_password, part):
    response = by_password(carol).post(
        "/agent/availability", {"availability": word}, headers=part()
    )

    carol.refresh_from_db()
    assert response.status_code == 400
    assert carol.availability == "OFFLINE"
