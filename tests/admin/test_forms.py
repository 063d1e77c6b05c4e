"""Forms of the admin answer whatever is sent for a person, a workgroup or a ticket."""

from __future__ import annotations

import pytest
from django.test import Client

FORMS = {
    "/admin/tickets/ticket/add/": ["requester", "assignee", "workgroup"],
    "/admin/accounts/workgroup/add/": ["members"],
    "/admin/tokens/accesstoken/add/": ["user"],
}


@pytest.mark.parametrize("bad", ["abc", "a\0b", "9" * 20, "-1", "1.5"])
@pytest.mark.parametrize("path", FORMS)
def test_what_names_no_row_is_refused_in_the_form(path, bad, dora):
    browser = Client()
    browser.force_login(dora)

    for name in FORMS[path]:
        # NUL is refused before any page is reached.
        assert browser.get(path, {name: bad}).status_code == (400 if "\0" in bad else 200)
        sent = browser.post(path, {name: bad})
        assert (sent.status_code, b"errorlist" in sent.content) == (200, True)
