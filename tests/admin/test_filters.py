"""What an address may ask of the admin's lists: what they offer and our own links name, no more."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.actor import Actor
from accounts.models import Workgroup
from messaging.models import Conversation
from tokens.models import AccessToken, TokenEvent

DATES = {"at__gte", "at__lt"}
OFFERED = {
    "accounts.user": {
        "role__exact", "is_active__exact", "availability__exact", "workgroup",
    },
    "accounts.workgroup": set(),
    "configuration.configurationevent": set(),
    "messaging.conversation": {"kind__exact", "state"},
    "tickets.ticket": {
        "work", "status__exact", "priority__exact", "channel__exact", "workgroup__id__exact",
        "workgroup__isnull",
    },
    "tokens.accesstoken": {"state", "role", "scope", "unused", "user__id__exact"},
    "tokens.denial": {"cause", "kind", "token_id", "person", "origin", *DATES},
    "tokens.refusedcalls": {
        "cause", "rule", "kind", "minute__gte", "minute__lt",
    },
    "tokens.tokenevent": {"verb__exact", "cause", "token_id__exact", *DATES},
}  # fmt: skip
LISTS = pytest.mark.parametrize("label", OFFERED)
LOOKUPS = [
    "", "__exact", "__regex", "__startswith", "__contains", "__gte", "__in", "__range", "__year",
    "__isnull", "__length__gt",
]  # fmt: skip
HOSTILE = [
    "", "x", "(", "-1", "1e999", "9" * 18, "9" * 23, "-" + "9" * 23, "9" * 5000, "x" * 9000,
    "99999999999999-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\ud800",
    "x " * 4000,
]  # fmt: skip


def list_of(label):
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


@pytest.fixture
def world(alice, carol, dora, issue, ticket):
    """One of everything that is listed, of more than one kind."""
    group = Workgroup.objects.set_up(by=Actor(dora), name="Support", members=[carol.pk])
    ticket.edit(by=Actor(dora), workgroup=group)
    issue(carol, name="hers")
    Conversation.objects.for_ticket(ticket).post(by=Actor(carol), content="We come.")


def columns(model):
    """Yield each name that Django would look up: of the row, and of the rows it leads to."""
    yield "pk"
    for field in model._meta.get_fields():
        yield field.name
        if field.related_model:
            yield from (f"{field.name}__{far.name}" for far in field.related_model._meta.fields)


@LISTS
def test_a_search_compares_no_long_texts(label, dora, browser):
    model = next(model for model in admin.site._registry if model._meta.label_lower == label)
    model_admin = admin.site._registry[model]
    request = browser(dora).get("/admin/").wsgi_request
    rows = model_admin.get_queryset(request)

    found, _ = model_admin.get_search_results(request, rows, "longword" * 2000)

    assert "longword" in str(found.query)
    assert "longword" * 26 not in str(found.query)


def test_every_list_is_walked():
    listed = {model._meta.label_lower for model in admin.site._registry}

    assert listed - set(OFFERED) == {"configuration.configurationvalue"}


@LISTS
def test_no_column_is_filtered_by_that_the_list_does_not_offer(label, dora, browser):
    model = next(model for model in admin.site._registry if model._meta.label_lower == label)
    asked = {name + lookup for name in columns(model) for lookup in LOOKUPS} - OFFERED[label]
    model_admin, client = admin.site._registry[model], browser(dora)
    request = client.get("/admin/").wsgi_request

    allowed = {name for name in asked if model_admin.lookup_allowed(name, "x", request)}

    assert not allowed
    for name in ("password__startswith", "digest__startswith", "pk__regex"):
        refused = client.get(list_of(label), {name: "("})
        assert (refused.status_code, "Bad request" in refused.content.decode()) == (400, True)


@LISTS
def test_every_filter_that_is_offered_can_be_used(label, world, dora, browser):
    client, page = browser(dora), list_of(label)
    links = re.findall(r'href="(\?[^"]+)"', client.get(page).content.decode())

    asked = {name for link in links for name in re.findall(r"[?&;](\w+)=", link)} - {"o"}
    answers = {link: client.get(page + unescape(link)).status_code for link in links}

    assert asked <= OFFERED[label]
    assert set(answers.values()) <= {200}


def test_days_of_ones_own_are_a_period_in_the_readers_time_zone(world, dora, browser):
    dora.time_zone = "Asia/Shanghai"
    dora.save()
    made = AccessToken.objects.get()
    client, page = browser(dora), "/admin/tokens/tokenevent/"
    # 0:30 in Shanghai, and the day before in UTC.
    at = datetime(2026, 3, 4, 16, 30, tzinfo=UTC)
    TokenEvent.objects.create(
        at=at, token_id=made.pk, token_name="At midnight", hint="", subject_id=dora.pk, verb="made"
    )

    def shown(**asked) -> bool:
        return "At midnight" in client.get(page, asked).content.decode()

    assert shown(at__gte="2026-03-05", at__lt="2026-03-06")
    assert not shown(at__gte="2026-03-04", at__lt="2026-03-05")
    # A side that stays empty is open.
    assert shown(at__gte="2026-03-05", at__lt="")
    assert client.get(page, {"at__gte": "2026-02-30"}).status_code in {200, 302}


def test_the_links_of_other_pages_that_filter_work(world, dora, carol, browser):
    client = browser(dora)
    front = client.get("/admin/").content.decode()
    person = client.get(f"/admin/accounts/user/{carol.pk}/change/").content.decode()
    links = re.findall(r'href="(/admin/\w+/\w+/\?[^"]+)"', front + person)
    links.append(client.get("/admin/tokens/accesstoken/1/history/")["Location"])

    asked = {re.search(r"\?(\w+)", link)[1] for link in links}

    assert {client.get(unescape(link)).status_code for link in links} == {200}
    assert asked == {
        "work", "status__exact", "role__exact", "state", "at__gte", "unused", "user__id__exact",
        "token_id__exact",
    }  # fmt: skip


@LISTS
def test_no_value_fails_a_list(label, world, dora, browser):
    client, page = browser(dora), list_of(label)
    names = [*OFFERED[label], "id__regex", "id__range", "p", "o", "q", "e", "all", "_to_field",
             "_popup", "_facets", "_changelist_filters"]  # fmt: skip

    # All pairs take minutes; which ones are tried changes from run to run, and is told.
    seed = random.randrange(10**6)
    chosen = random.Random(seed)
    for name in names:
        for value in chosen.sample(HOSTILE, 4):
            sent = value.encode("utf-8", "surrogatepass")
            answer = client.get(page, {name: sent})
            assert answer.status_code in {200, 302, 400}, (seed, name, value)
            if answer.status_code == 302:
                assert answer["Location"] == f"{page}?e=1"
                assert client.get(page, {name: sent, "e": 1}).status_code == 200
    assert client.get(f"{page}?e=1").status_code == 200


@pytest.mark.parametrize("label", ["accounts.user", "tickets.ticket", "tokens.accesstoken"])
def test_an_action_leaves_out_what_names_no_row(label, world, dora, browser):
    model = next(model for model in admin.site._registry if model._meta.label_lower == label)
    client = browser(dora)
    actions = admin.site._registry[model].get_actions(client.get("/admin/").wsgi_request)
    before = list(model.objects.values())

    for row in ("x", "", "-1", "1.0", "\u0661", "9" * 19, "9" * 30):
        for action in actions:
            asked = {"action": action, "_selected_action": row, "back": "object"}
            answer = client.post(list_of(label), asked)
            assert (answer.status_code, answer["Location"]) == (302, list_of(label))
    assert list(model.objects.values()) == before


def test_an_action_goes_on_with_the_rows_that_are_named(dora, carol, browser):
    asked = {"action": "deactivate_people", "_selected_action": ["x", carol.pk], "answer": "yes"}

    assert browser(dora).post("/admin/accounts/user/", asked).status_code == 302

    carol.refresh_from_db()
    assert not carol.is_active
