from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.actor import Actor
from tickets.models import Ticket
from tokens.models import AccessToken, TokenEvent


def figures(client) -> dict[str, int]:
    state = client.get("/admin/").context["state"]
    rows = [*state.work, *state.statuses, *state.tokens, *state.people]
    return {figure.label: figure.count for figure in rows}


def test_the_front_page_counts_what_its_lists_show(alice, carol, dora, browser, issue):
    for title in ("a", "b", "c"):
        Ticket.objects.open_for(by=Actor(alice), title=title, content="c", priority="urgent")
    Ticket.objects.get(title="a").assign(carol, by=Actor(dora))
    Ticket.objects.get(title="b").resolve(by=Actor(dora))
    issue(carol, days=3)
    off, _ = issue(carol)
    off.disable(by=Actor(dora))
    off.record("denied", cause="token-disabled", address="203.0.113.7")
    AccessToken.objects.filter(pk=off.pk).update(used_after_rotation_at=timezone.now())
    TokenEvent.objects.create(
        at=timezone.now() - timedelta(days=2), token_id=off.pk, token_name="off", hint="aBc123",
        subject_id=carol.pk, verb="denied", cause="token-disabled",
    )  # fmt: skip
    client = browser(dora)

    counted = figures(client)

    assert counted == {
        "Waiting for us": 2, "Unassigned": 1, "Urgent": 2,
        "New": 1, "Open": 1, "Pending": 0, "On hold": 0, "Resolved": 1, "Closed": 0,
        "Good now": 1, "Expiring soon": 1, "Denied in 24 hours": 1,
        "Used after rotation": 1,
        "Administrator": 1, "Agent": 1, "Customer": 1,
    }  # fmt: skip
    state = client.get("/admin/").context["state"]
    for figure in [*state.work, *state.statuses, *state.tokens, *state.people]:
        listed = client.get(figure.page).context["cl"].queryset.count()
        assert listed == figure.count, figure.label


def test_it_shows_the_newest_denials_with_their_cause(carol, dora, browser, issue):
    token, _ = issue(carol, name="CRM")
    token.record("denied", cause="domain-not-allowed", origin="https://evil.example")

    page = browser(dora).get("/admin/").content.decode()

    assert "This page may not use the token" in page
    assert "https://evil.example" in page
    assert TokenEvent.objects.denials().count() == 1


def test_a_weak_token_sees_its_part_only(dora, by_link, ticket):
    client = by_link(dora, scopes=["login:admin", "tickets:read"])

    state = client.get("/admin/").context["state"]

    assert [figure.count for figure in state.work] == [1, 1, 0]
    assert (state.tokens, state.people, state.denials, state.expiring) == ([], [], [], [])


def test_it_costs_the_same_queries_however_much_there_is(
    alice, dora, browser, issue, django_assert_num_queries
):
    client = browser(dora)
    for rows in (1, 12):
        for _ in range(rows):
            Ticket.objects.open_for(by=Actor(alice), title="t", content="c")
            token, _secret = issue(alice, days=2)
            token.record("denied", cause="token-expired")
        client.get("/admin/")
        with django_assert_num_queries(9):  # one for a chart
            client.get("/admin/")


def test_everything_is_there_in_words_for_people(dora, browser):
    page = browser(dora).get("/admin/").content.decode()

    assert "Weiyu" in page
    assert "Django" not in page
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page


def test_it_draws_the_last_days_with_a_table_beside(dora, browser, ticket):
    ticket.resolve(by=Actor(dora))

    answer = browser(dora).get("/admin/")

    chart = answer.context["state"].chart
    assert chart.rows[-1].values == [1, 1]
    page = answer.content.decode()
    assert "stats/chart.css" in page
    assert 'role="img" aria-label="Tickets per day"' in page
    assert page.count("<td>1</td><td>1</td>") == 1


def test_a_token_without_statistics_sees_no_chart(dora, by_link, ticket):
    page = by_link(dora, scopes=["login:admin", "tickets:read"]).get("/admin/")

    assert page.context["state"].chart is None
    assert "chart-picture" not in page.content.decode()


def test_a_token_with_statistics_alone_sees_the_chart_alone(dora, by_link):
    page = by_link(dora, scopes=["login:admin", "statistics:read"]).get("/admin/")

    assert page.context["state"].work == []
    assert "chart-picture" in page.content.decode()


def test_a_proxy_that_drops_the_port_is_told_to_administrators(dora, as_user, settings):
    settings.PUBLIC_URL = "https://desk.example.com:8443"
    told = "You called this site as http://testserver, and WEIYU_PUBLIC_URL is https://desk"

    assert told in as_user(dora).get("/admin/").content.decode()

    settings.PUBLIC_URL = "http://testserver"
    assert "You called this site as" not in as_user(dora).get("/admin/").content.decode()


def test_the_front_page_does_not_repeat_the_navigation(dora, browser):
    page = browser(dora).get("/admin/").content.decode()

    assert page.count('href="/admin/tickets/ticket/"') == 1
    assert "Sections</h2>" not in page
