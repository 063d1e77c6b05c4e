"""Lists that are empty say so, and forms begin with what is configured."""

from __future__ import annotations

import pytest

from configuration import values


def test_a_search_without_results_offers_all_again(dora, browser, ticket):
    page = browser(dora).get("/admin/tickets/ticket/?q=zzz").content.decode()

    assert "Nothing matches." in page
    assert page.count("Show all") == 2
    assert 'name="action"' not in page


def test_a_whole_list_does_not_offer_itself(dora, browser, ticket):
    page = browser(dora).get("/admin/tickets/ticket/").content.decode()

    assert "Show all" not in page
    assert "1 ticket" in page


@pytest.mark.parametrize("path", ["messaging/conversation/", "configuration/configurationevent/"])
def test_a_table_without_rows_says_so(path, dora, browser):
    assert "There is nothing here yet." in browser(dora).get(f"/admin/{path}").content.decode()


def test_a_new_ticket_begins_with_the_default_priority(dora, browser):
    values.suppose({"default_priority": "high"})

    form = browser(dora).get("/admin/tickets/ticket/add/").context["adminform"].form

    assert form["priority"].value() == "high"


@pytest.mark.parametrize(("back", "to"), [("object", "{pk}/change/"), ("", "")])
def test_who_does_not_want_to_goes_back_to_where_they_were(back, to, dora, browser, ticket):
    asked = {"action": "delete_tickets", "_selected_action": ticket.pk, "back": back}

    page = browser(dora).post("/admin/tickets/ticket/", asked).content.decode()

    assert f'href="/admin/tickets/ticket/{to.format(pk=ticket.pk)}">No, go back</a>' in page
