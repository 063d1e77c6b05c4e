"""The page of the API: nothing comes from elsewhere, and a pasted token tries a call."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests import people

pytestmark = [pytest.mark.server, pytest.mark.browser]


def test_a_call_is_tried_with_a_pasted_token(desk, browse):
    secret = desk.weiyu.issue(people.AGENT)
    page = browse(color_scheme="light").new_page()
    asked, complaints = set(), []
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{desk.plain}/api/docs")
    page.click("button.authorize")
    page.fill(".auth-container input", secret)
    page.click(".auth-btn-wrapper button[type=submit]")
    page.click(".auth-btn-wrapper .btn-done")
    page.click("#operations-tickets-tickets_list .opblock-summary-control")
    page.click(".try-out__btn")
    page.click("button.execute")

    status = page.locator(".live-responses-table tbody .response-col_status")
    expect(status).to_have_text("200", timeout=20_000)
    assert asked == {urlsplit(desk.plain).netloc}
    assert [text for text in complaints if "Cross-Origin-Opener-Policy" not in text] == []
    assert page.evaluate("document.documentElement.className") == ""
    assert page.evaluate("[...Object.values(localStorage), document.cookie].join()") == ""


def test_it_is_dark_where_the_person_wants_that(desk, browse):
    page = browse(color_scheme="dark").new_page()

    page.goto(f"{desk.plain}/api/docs")

    expect(page.locator("html")).to_have_class("dark-mode")
