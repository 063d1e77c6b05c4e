from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User
from tests.many import Crowd
from tickets.models import Ticket
from workstation.ticket_list import PAGE_SIZE


def numbers(response) -> list[int]:
    return [row.ticket.pk for row in response.context["rows"]]


def test_tabs_show_mine_unassigned_and_all(alice, carol, carlos, open_ticket, by_password):
    mine = open_ticket(alice, assignee=carol)
    free = open_ticket(alice)
    carols = by_password(carol)

    assert numbers(carols.get("/agent/tickets")) == [mine.pk]
    assert numbers(carols.get("/agent/tickets?tab=unassigned")) == [free.pk]
    assert set(numbers(carols.get("/agent/tickets?tab=all"))) == {mine.pk, free.pk}


def test_a_ticket_of_another_workgroup_is_nowhere(foreign_ticket, carol, carlos, by_password):
    for path in ("/agent/tickets?tab=all", "/agent/tickets?tab=all&status=any&q=secret"):
        assert numbers(by_password(carol).get(path)) == []
        assert "A secret offer" not in by_password(carol).get(path).content.decode()
    assert numbers(by_password(carlos).get("/agent/tickets?tab=all")) == [foreign_ticket.pk]


def test_resolved_tickets_show_only_when_asked_for(ticket, carol, by_password):
    ticket.resolve(by=Actor(carol))
    client = by_password(carol)

    assert numbers(client.get("/agent/tickets?tab=all")) == []
    assert numbers(client.get("/agent/tickets?tab=all&status=resolved")) == [ticket.pk]
    assert numbers(client.get("/agent/tickets?tab=all&status=any")) == [ticket.pk]


def test_search_finds_words_and_numbers(alice, carol, open_ticket, by_password):
    printer, mouse = open_ticket(alice), open_ticket(alice, title="The mouse is dead")
    client = by_password(carol)

    assert numbers(client.get("/agent/tickets?tab=all&q=mouse")) == [mouse.pk]
    assert numbers(client.get(f"/agent/tickets?tab=all&q={printer.number}")) == [printer.pk]


@pytest.mark.parametrize(
    "query",
    ["tab=x&status=y", "q=" + "x" * 5000, "after=forged", "tab=all&q=%F0%9F%98%80"],
)
def test_odd_addresses_show_a_list_all_the_same(query, ticket, carol, by_password):
    assert by_password(carol).get(f"/agent/tickets?{query}").status_code == 200


def test_who_waits_longest_comes_first_and_then_the_newest(alice, carol, open_ticket, by_password):
    young, old, calm, calmer = (open_ticket(alice) for _ in range(4))
    now = timezone.now()
    for ticket, hours in ((young, 1), (old, 9)):
        Ticket.objects.filter(pk=ticket.pk).update(waiting_since=now - timedelta(hours=hours))
    Ticket.objects.filter(pk__in=[calm.pk, calmer.pk]).update(waiting_since=None)

    shown = numbers(by_password(carol).get("/agent/tickets?tab=all"))

    assert shown == [old.pk, young.pk, calmer.pk, calm.pk]


@pytest.mark.parametrize("waiting", [0, PAGE_SIZE, PAGE_SIZE + 7, 2 * PAGE_SIZE + 5])
def test_paging_shows_every_ticket_once(waiting, alice, carol, open_ticket, by_password, part):
    ids = [open_ticket(alice).pk for _ in range(2 * PAGE_SIZE + 5)]
    Ticket.objects.filter(pk__in=ids[waiting:]).update(waiting_since=None)
    same_moment = timezone.now()
    Ticket.objects.filter(pk__in=ids[: waiting // 2]).update(waiting_since=same_moment)
    client = by_password(carol)

    response = client.get("/agent/tickets?tab=all")
    seen = numbers(response)
    while after := response.context["after"]:
        response = client.get(
            "/agent/tickets/rows", {"tab": "all", "after": after}, headers=part("rows")
        )
        seen += numbers(response)

    assert len(seen) == len(ids)
    assert set(seen) == set(ids)


def test_a_row_shows_the_last_words_whose_they_are_and_what_is_unread(
    ticket, alice, carol, carlos, say, by_password
):
    say(ticket, alice, "Still **burning**")
    say(ticket, carol, "On my way")
    say(ticket, carlos, "Bring water", internal=True)

    response = by_password(carol).get("/agent/tickets?tab=all")

    row = response.context["rows"][0]
    assert (row.words, row.is_note, row.is_own, row.unread) == ("Bring water", True, False, 1)


def test_recalled_words_are_shown_nowhere(ticket, alice, carol, say, by_password):
    say(ticket, alice, "my password is tulip")
    ticket.conversation.messages.get().recall(by=Actor(alice))
    client = by_password(carol)

    for path in ("/agent/tickets?tab=all", f"/agent/tickets/{ticket.pk}"):
        page = client.get(path).content.decode()
        assert "tulip" not in page
        assert "recalled" in page


def test_a_token_without_messages_shows_no_words(ticket, alice, carol, say, by_link):
    say(ticket, alice, "Still burning")
    client = by_link(carol, scopes=["login:agent", "tickets:read"])

    listed = client.get("/agent/tickets?tab=all").content.decode()
    opened = client.get(f"/agent/tickets/{ticket.pk}").content.decode()

    assert ticket.title in listed
    assert "Still burning" not in listed + opened
    assert "does not show messages" in opened


def test_a_token_without_tickets_shows_why_instead_of_a_list(ticket, carol, by_link):
    response = by_link(carol, scopes=["login:agent"]).get("/agent/tickets?tab=all")

    assert response.status_code == 403
    assert "tickets:read" in response.content.decode()
    assert ticket.title not in response.content.decode()


def test_the_list_alone_is_sent_to_htmx_and_the_open_ticket_stays_in_the_address(
    ticket, carol, by_password, part
):
    response = by_password(carol).get(
        "/agent/tickets?tab=all", headers=part("list", f"/agent/tickets/{ticket.pk}?tab=mine")
    )

    page = response.content.decode()
    assert "<html" not in page
    assert response["HX-Push-Url"] == f"/agent/tickets/{ticket.pk}?tab=all"
    assert 'aria-current="true"' in page


def test_the_way_back_gets_the_whole_page(ticket, carol, by_password, part):
    headers = {**part(), "HX-History-Restore-Request": "true"}

    page = by_password(carol).get(f"/agent/tickets/{ticket.pk}", headers=headers).content.decode()

    assert page.lstrip().startswith("<!doctype html>")


def test_a_row_that_went_out_of_sight_leaves_the_list(
    foreign_ticket, ticket, carol, by_password, part
):
    client = by_password(carol)

    assert client.get(f"/agent/tickets/{foreign_ticket.pk}/row", headers=part()).content == b""
    shown = client.get(f"/agent/tickets/{ticket.pk}/row", headers=part()).content.decode()
    assert f'id="row-{ticket.pk}"' in shown


@pytest.mark.parametrize("tab", ["unassigned", "all"])
def test_every_part_of_the_list_stays_cheap_among_ten_thousand_tickets(
    tab, carol, by_link, part, django_assert_max_num_queries
):
    Crowd(team=carol).grow(10_000)
    client = by_link(carol)
    client.get("/agent/tickets")

    with django_assert_max_num_queries(8):
        page = client.get(f"/agent/tickets?tab={tab}")
    with django_assert_max_num_queries(8):
        more = client.get(
            "/agent/tickets/rows",
            {"tab": tab, "after": page.context["after"]},
            headers=part("rows"),
        )
    with django_assert_max_num_queries(8):
        found = client.get(f"/agent/tickets?tab={tab}&status=any&q=late")

    assert [len(numbers(answer)) for answer in (page, more, found)] == [PAGE_SIZE] * 3
    assert not set(numbers(page)) & set(numbers(more))


@pytest.mark.parametrize("rows", [3, PAGE_SIZE + 20])
def test_the_list_costs_six_queries_in_a_token_session_however_long(
    rows, alice, carol, open_ticket, say, by_link, django_assert_num_queries
):
    for number in range(rows):
        ticket = open_ticket(alice, assignee=carol if number % 2 else None)
        say(ticket, alice, f"Message {number}")
        if number % 3 == 0:
            say(ticket, carol, "Answer")
    client = by_link(carol)
    client.get("/agent/tickets?tab=all")

    # Session, token with person, the two halves of the order, last words, counts.
    with django_assert_num_queries(6 if rows < PAGE_SIZE else 5):
        client.get("/agent/tickets?tab=all")


def test_an_empty_list_says_what_to_do_next(carol, by_password):
    client = by_password(carol)

    assert "Nothing is waiting for you." in client.get("/agent/").content.decode()
    searched = client.get("/agent/tickets?q=nothing").content.decode()
    assert "Search all tickets" in searched
    assert "tab=all&amp;status=any&amp;q=nothing" in searched


def test_names_and_titles_are_text_and_never_markup(open_ticket, carol, by_password):
    eve = User.objects.create_user("eve", role="customer", display_name="<b>Eve</b>")
    ticket = open_ticket(eve, title="<script>alert(1)</script>", content="<img src=x onerror=y>")

    for path in ("/agent/tickets?tab=all", f"/agent/tickets/{ticket.pk}"):
        page = by_password(carol).get(path).content.decode()
        assert "<script>alert" not in page
        assert "<b>Eve" not in page
        assert "<img" not in page
