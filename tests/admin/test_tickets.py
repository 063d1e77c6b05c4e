from __future__ import annotations

import pytest

from accounts.actor import Actor
from accounts.models import Workgroup
from messaging.models import Conversation
from tickets.models import Ticket, TicketEvent

LIST = "/admin/tickets/ticket/"


def act(client, action: str, *tickets: Ticket, **more):
    form = {"action": action, "_selected_action": [ticket.pk for ticket in tickets]} | more
    return client.post(LIST, form, follow=True)


def fields_of(ticket: Ticket, **changed) -> dict[str, object]:
    return {
        "title": ticket.title,
        "content": ticket.content,
        "requester": ticket.requester_id,
        "assignee": ticket.assignee_id or "",
        "workgroup": ticket.workgroup_id or "",
        "priority": ticket.priority,
        "tags": ", ".join(ticket.tags),
        "external_source": "",
        "external_id": "",
        "expected_version": ticket.version,
    } | changed


def change(client, ticket: Ticket, **changed):
    return client.post(f"{LIST}{ticket.pk}/change/", fields_of(ticket, **changed))


def test_a_ticket_is_opened_for_somebody(alice, dora, browser):
    form = {
        "title": "Printer",
        "content": "On fire.",
        "requester": alice.pk,
        "priority": "high",
        "tags": "Office, hot，退款、加急; VIP",
    }

    answer = browser(dora).post(f"{LIST}add/", form)

    ticket = Ticket.objects.get()
    assert answer.status_code == 302
    assert (ticket.requester, ticket.priority, ticket.tags) == (
        alice,
        "high",
        ["hot", "office", "vip", "加急", "退款"],
    )
    assert ticket.events.get(verb="created").actor == dora


def test_an_edit_is_written_with_its_history(ticket, carol, dora, browser):
    group = Workgroup.objects.set_up(by=Actor(dora), name="Support")

    answer = change(
        browser(dora), ticket, priority="urgent", assignee=carol.pk, workgroup=group.pk, tags="b, a"
    )

    assert answer.status_code == 302
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.assignee, ticket.workgroup) == ("urgent", carol, group)
    assert (ticket.tags, ticket.status) == (["a", "b"], "open")
    verbs = set(TicketEvent.objects.filter(actor=dora).values_list("verb", flat=True))
    assert verbs == {"priority", "assigned", "workgroup", "tags", "status"}


def test_saving_what_stands_writes_nothing(ticket, dora, browser):
    assert change(browser(dora), ticket).status_code == 302

    assert TicketEvent.objects.count() == 1
    ticket.refresh_from_db()
    assert ticket.version == 1


def test_the_second_of_two_editors_is_told(ticket, dora, browser):
    stale = fields_of(ticket, title="Mine")
    Ticket.objects.get(pk=ticket.pk).edit(by=Actor(dora), title="Theirs")

    answer = browser(dora).post(f"{LIST}{ticket.pk}/change/", stale)

    assert b"Somebody changed this ticket since you read it" in answer.content
    ticket.refresh_from_db()
    assert ticket.title == "Theirs"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": ""}, "title"),
        ({"tags": ",".join(f"t{n}" for n in range(21))}, "tags"),
        ({"tags": "a," * 100_000 + "b;" * 2000}, "tags"),
        ({"tags": "x" * 51}, "tags"),
        ({"priority": "soon"}, "priority"),
        ({"assignee": "0"}, "assignee"),
        ({"requester": ""}, "requester"),
    ],
)
def test_what_is_refused_stands_at_its_field(changed, field, ticket, dora, browser):
    answer = change(browser(dora), ticket, **changed)

    assert field in answer.context["adminform"].form.errors
    assert TicketEvent.objects.count() == 1


def test_what_a_ticket_has_already_is_not_judged_again(ticket, carol, dora, browser):
    ticket.assign(carol, by=Actor(dora))
    carol.edit(by=Actor(dora), role="customer", is_active=False)
    Ticket.objects.update(title="refund \u202e 05.1 rof")
    ticket.refresh_from_db()

    answer = change(browser(dora), ticket, priority="urgent")

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.assignee) == ("urgent", carol)


def test_no_customer_is_made_an_assignee(ticket, alice, dora, browser):
    answer = change(browser(dora), ticket, assignee=alice.pk)

    assert "assignee" in answer.context["adminform"].form.errors
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_typing_a_status_changes_nothing(ticket, dora, browser):
    change(browser(dora), ticket, status="closed", close_reason="spam", deleted_at="2026-01-01")

    ticket.refresh_from_db()
    assert (ticket.status, ticket.close_reason, ticket.deleted_at) == ("new", "", None)


def test_the_buttons_are_the_moves_that_are_allowed(ticket, dora, browser):
    client = browser(dora)

    def offered() -> set[str]:
        actions = client.get(f"{LIST}{ticket.pk}/change/").context["object_actions"]
        return {name for name, _label, _danger in actions}

    moves = {"take_up", "set_pending", "put_on_hold", "resolve", "close"}
    assert offered() == moves | {"delete_tickets"}
    ticket.resolve(by=Actor(dora))
    assert offered() == {"take_up", "close", "delete_tickets"}
    ticket.close(by=Actor(dora))
    assert offered() == {"delete_tickets"}


def test_a_move_goes_by_its_button(ticket, dora, browser):
    answer = act(browser(dora), "resolve", ticket, back="object")

    ticket.refresh_from_db()
    assert answer.redirect_chain == [(f"{LIST}{ticket.pk}/change/", 302)]
    assert ticket.status == "resolved"
    assert ticket.events.get(verb="resolved").actor == dora


@pytest.mark.parametrize("action", ["take_up", "set_pending", "put_on_hold", "resolve"])
def test_a_move_that_the_workflow_forbids_is_refused(action, ticket, dora, browser):
    ticket.close(by=Actor(dora))
    events = TicketEvent.objects.count()

    answer = act(browser(dora), action, ticket)

    assert "cannot become" in answer.content.decode()
    ticket.refresh_from_db()
    assert (ticket.status, TicketEvent.objects.count()) == ("closed", events)


def test_closing_asks_for_the_reason(ticket, dora, browser):
    client = browser(dora)

    asked = act(client, "close", ticket)
    nonsense = act(client, "close", ticket, answer="yes", reason="because")
    ticket.refresh_from_db()
    assert b"Close the ticket?" in asked.content
    assert b"Close the ticket?" in nonsense.content
    assert ticket.status == "new"

    act(client, "close", ticket, answer="yes", reason="spam")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.close_reason) == ("closed", "spam")


def test_deleting_is_soft_asks_first_and_is_taken_back(ticket, dora, browser):
    client = browser(dora)

    assert b"Delete the ticket?" in act(client, "delete_tickets", ticket).content
    act(client, "delete_tickets", ticket, answer="yes")
    ticket.refresh_from_db()
    assert ticket.deleted_by == dora
    assert list(client.get(LIST).context["cl"].queryset) == []
    assert list(client.get(LIST, {"work": "deleted"}).context["cl"].queryset) == [ticket]
    assert change(client, ticket, title="x").status_code == 403
    assert client.post(f"{LIST}{ticket.pk}/delete/", {"post": "yes"}).status_code == 403

    act(client, "restore_tickets", ticket, back="object")

    ticket.refresh_from_db()
    assert ticket.deleted_at is None


def test_the_page_tells_what_was_said_and_done(ticket, alice, carol, dora, browser):
    talk = Conversation.objects.for_ticket(ticket)
    talk.post(by=Actor(carol), content="Is it **still** burning? <script>alert(1)</script>")
    talk.post(by=Actor(carol), content="Bring water.", internal=True)
    recalled, _ = talk.post(by=Actor(alice), content="Rude words.")
    recalled.recall(by=Actor(alice))

    page = browser(dora).get(f"{LIST}{ticket.pk}/change/").content.decode()

    assert "It <strong>burns</strong>." in page
    assert "Is it <strong>still</strong> burning?" in page
    assert "<script>alert" not in page
    assert "Internal note" in page
    assert "This message was recalled" in page
    assert "Rude words" not in page
    assert "set the status to Open" in page


def test_messages_need_their_own_permission(ticket, carol, dora, by_link):
    Conversation.objects.for_ticket(ticket).post(by=Actor(carol), content="Only for readers.")

    page = by_link(dora, scopes=["login:admin", "tickets:read"]).get(f"{LIST}{ticket.pk}/change/")

    assert b"Only for readers." not in page.content
    assert b"may not read them" in page.content


def test_conversations_are_read_only(ticket, carol, dora, browser):
    talk = Conversation.objects.for_ticket(ticket)
    talk.post(by=Actor(carol), content="We **come**.")
    client, page = browser(dora), "/admin/messaging/conversation/"

    assert b"Printer on fire" in client.get(page).content
    assert b"We <strong>come</strong>." in client.get(f"{page}{talk.pk}/change/").content
    assert client.get(f"{page}add/").status_code == 403
    assert client.post(f"{page}{talk.pk}/change/", {"status": "closed"}).status_code == 403
    assert client.post(f"{page}{talk.pk}/delete/", {"post": "yes"}).status_code == 403
    assert list(client.get(page, {"state": "closed"}).context["cl"].queryset) == []
    # Carol's answer opened the ticket, but nobody has it yet.
    assert list(client.get(page, {"state": "queued"}).context["cl"].queryset) == [talk]


def test_tickets_are_found_by_work_and_words(alice, carol, dora, browser):
    def opened(title: str, **more) -> Ticket:
        return Ticket.objects.open_for(by=Actor(alice), title=title, content="退款 please", **more)

    urgent = opened("Down", priority="urgent")
    taken = opened("Taken")
    taken.assign(carol, by=Actor(dora))
    done = opened("Done")
    done.resolve(by=Actor(dora))
    client = browser(dora)

    for query, expected in (
        ({"work": "waiting"}, {urgent, taken}),
        ({"work": "unassigned"}, {urgent}),
        ({"work": "urgent"}, {urgent}),
        ({"work": "unresolved"}, {urgent, taken}),
        ({"status__exact": "resolved"}, {done}),
        ({"q": taken.number}, {taken}),
        ({"q": "退款"}, {urgent, taken, done}),
    ):
        assert set(client.get(LIST, query).context["cl"].queryset) == expected, query


@pytest.mark.parametrize(
    ("page", "budget"),
    [(LIST, 5), ("/admin/messaging/conversation/", 4)],
)
def test_lists_cost_the_same_queries_however_long(
    page, budget, alice, carol, dora, browser, django_assert_num_queries
):
    client = browser(dora)
    for rows in (2, 20):
        for _ in range(rows):
            made = Ticket.objects.open_for(by=Actor(alice), title="t", content="c")
            Conversation.objects.for_ticket(made).post(by=Actor(carol), content="yes")
        client.get(page)
        with django_assert_num_queries(budget):  # session, person, count, rows, workgroups
            client.get(page)


def test_a_ticket_that_waits_for_nobody_says_nothing_of_waiting(ticket, dora, carol, browser):
    client, page = browser(dora), f"/admin/tickets/ticket/{ticket.pk}/change/"

    assert "field-waiting" in client.get(page).content.decode()
    ticket.close(by=Actor(carol))
    assert "field-waiting" not in client.get(page).content.decode()
