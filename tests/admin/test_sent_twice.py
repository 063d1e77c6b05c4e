"""One form makes one thing: by a double click, by Enter thrice, or after a lost answer."""

from __future__ import annotations

import re
from copy import copy

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User, Workgroup
from records.admin.domain import DomainAdmin
from records.models import Submission
from tests.conftest import PASSWORD
from tests.tickets.together import together
from tickets.models import Ticket
from tokens.models import AccessToken

# What to fill in, by model; a new page that makes something fails until it stands here.
FORMS = {
    Ticket: {"title": "A call", "content": "They called.", "priority": "high", "requester": "{me}"},
    User: {
        "username": "eve@example.com", "role": "agent", "availability": "OFFLINE",
        "is_active": "on", "new_password": PASSWORD, "repeated_password": PASSWORD,
    },
    Workgroup: {"name": "Sales", "description": ""},
    AccessToken: {"user": "{me}", "name": "CRM", "scopes": "tickets:read", "days": "7"},
}  # fmt: skip


def address_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


@pytest.fixture
def filled(dora, browser):
    """Return a function that opens the form of a model and fills it in: (client, form)."""

    def fill(model):
        client = browser(dora)
        page = client.get(address_of(model)).content.decode()
        key = re.search(r'name="form_key" value="([^"]+)"', page)[1]
        form = {name: text.format(me=dora.pk) for name, text in FORMS[model].items()}
        return client, {**form, "form_key": key}

    return fill


def makers() -> list:
    return [model for model, page in admin.site._registry.items() if isinstance(page, DomainAdmin)]


@pytest.mark.parametrize("model", makers(), ids=lambda model: model.__name__)
def test_a_form_that_is_sent_again_makes_nothing_more_and_leads_to_the_same(model, filled):
    client, form = filled(model)
    before = model.objects.count()
    first = client.post(address_of(model), form)
    made = model.objects.latest("pk")

    again = client.post(address_of(model), form)

    assert first.status_code in {200, 302}, first.content
    assert again.status_code == 302
    assert model.objects.count() == before + 1
    if model is not AccessToken:  # whose first answer shows the token
        assert again["Location"] == first["Location"]
    assert made == model.objects.latest("pk")


@pytest.mark.parametrize("model", [Ticket, Workgroup], ids=lambda model: model.__name__)
def test_other_words_under_the_same_key_ask_first(model, filled):
    client, form = filled(model)
    name = "title" if model is Ticket else "name"
    client.post(address_of(model), form)

    asked = client.post(address_of(model), {**form, name: "Another"})
    key = re.search(r'name="form_key" value="([^"]+)"', asked.content.decode())[1]

    assert b"This form was sent already, with other words" in asked.content
    assert b'value="Another"' in asked.content
    assert model.objects.count() == 1
    client.post(address_of(model), {**form, name: "Another", "form_key": key})
    assert model.objects.count() == 2


def test_a_key_is_good_for_its_person_alone(browser, filled):
    client, form = filled(Workgroup)
    client.post(address_of(Workgroup), form)
    other = User.objects.create_user("eve@example.com", PASSWORD, role=User.Role.ADMINISTRATOR)

    browser(other).post(address_of(Workgroup), {**form, "name": "Theirs"})

    assert set(Workgroup.objects.values_list("name", flat=True)) == {"Sales", "Theirs"}


def test_what_was_refused_can_be_mended_under_the_same_key(filled):
    client, form = filled(Workgroup)

    refused = client.post(address_of(Workgroup), {**form, "name": ""})
    client.post(address_of(Workgroup), form)

    assert refused.status_code == 200
    assert Workgroup.objects.get().name == "Sales"


def test_no_password_can_be_guessed_from_what_is_kept(filled):
    client, form = filled(User)
    client.post(address_of(User), form)

    kept = Submission.objects.values().get()

    assert PASSWORD not in str(kept)
    assert re.fullmatch(r"[0-9a-f]{64}", kept["said"])


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [Workgroup, AccessToken], ids=lambda model: model.__name__)
def test_a_double_click_makes_one(model, filled):
    client, form = filled(model)
    clients = [copy(client) for _ in range(3)]

    answers = together(lambda each: each.post(address_of(model), form).status_code, clients)

    assert model.objects.count() == 1
    assert set(answers) <= {200, 302}
