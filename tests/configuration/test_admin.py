"""The admin's page of the configuration."""

from __future__ import annotations

import re

import pytest

from configuration.models import ConfigurationEvent, ConfigurationValue
from configuration.values import value

PAGE = "/admin/configuration/configurationvalue/"


def filled_in(client) -> dict[str, str]:
    """Return what a browser would send of the page as it stands, nothing touched."""
    form = client.get(PAGE).context["form"]
    sent: dict[str, str] = {}
    for bound in form:
        if bound.field.disabled:
            continue
        shown = bound.field.prepare_value(bound.initial)
        if bound.field.show_hidden_initial:
            sent[bound.html_initial_name] = str(shown)
        if isinstance(bound.initial, bool):
            sent.update({bound.html_name: "on"} if bound.initial else {})
        elif bound.initial is not None:
            sent[bound.html_name] = str(shown)
    return sent


@pytest.fixture
def dora_client(client, dora):
    client.force_login(dora)
    return client


def test_saving_an_untouched_page_writes_nothing(dora_client):
    response = dora_client.post(PAGE, filled_in(dora_client), follow=True)

    assert response.status_code == 200
    assert "Nothing was changed." in response.content.decode()
    assert not ConfigurationValue.objects.exists()


def test_only_what_was_changed_is_written(dora_client, dora):
    sent = filled_in(dora_client) | {
        "reopen_window_days": "14",
        "all_agents_see_all_tickets": "on",
        "attachment_types": "image/png\r\n\r\nIMAGE/JPEG\r\n",
    }

    response = dora_client.post(PAGE, sent, follow=True)

    assert "3 settings were changed" in response.content.decode()
    assert value("reopen_window_days") == 14
    assert value("all_agents_see_all_tickets") is True
    assert value("attachment_types") == ["image/png", "image/jpeg"]
    assert set(ConfigurationEvent.objects.values_list("actor_id", "token_id")) == {(dora.pk, None)}
    assert ConfigurationEvent.objects.count() == 3


def test_a_wrong_value_is_marked_and_nothing_is_saved(dora_client):
    sent = filled_in(dora_client) | {"reopen_window_days": "400", "site_name": "Desk"}

    response = dora_client.post(PAGE, sent)

    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["reopen_window_days"]
    assert value("site_name") == "Weiyu"


def test_values_that_contradict_each_other_are_marked(dora_client):
    sent = filled_in(dora_client) | {"token_default_days": "400"}

    response = dora_client.post(PAGE, sent)

    assert list(response.context["form"].errors) == ["token_default_days"]
    assert value("token_default_days") == 30


def test_a_setting_goes_back_to_its_default(dora_client):
    dora_client.post(PAGE, filled_in(dora_client) | {"site_name": "Desk"})

    dora_client.post(PAGE, filled_in(dora_client) | {"reset-site_name": "on"})

    assert value("site_name") == "Weiyu"
    assert ConfigurationValue.objects.get(key="site_name").version == 2


def test_what_somebody_else_changed_meanwhile_is_not_written_over_unseen(dora_client):
    sent = filled_in(dora_client) | {"site_name": "Mine"}
    dora_client.post(PAGE, filled_in(dora_client) | {"site_name": "Theirs"})

    refused = dora_client.post(PAGE, sent)

    assert "Theirs" in str(refused.context["form"].errors["site_name"])
    assert value("site_name") == "Theirs"

    again = dict(
        re.findall(r'name="((?:version|initial)-site_name)" value="([^"]*)"', _html(refused))
    )
    dora_client.post(PAGE, sent | again)

    assert again == {"version-site_name": "1", "initial-site_name": "Theirs"}
    assert value("site_name") == "Mine"


def test_another_setting_changed_meanwhile_stays(dora_client):
    sent = filled_in(dora_client) | {"site_name": "Mine"}
    dora_client.post(PAGE, filled_in(dora_client) | {"auto_close_days": "9"})

    dora_client.post(PAGE, sent)

    assert (value("site_name"), value("auto_close_days")) == ("Mine", 9)


def test_the_page_has_no_inline_script_or_style(dora_client):
    html = _html(dora_client.get(PAGE))

    assert "style=" not in html
    assert not re.search(r"<style|<script(?![^>]*src=)|\son[a-z]+=", html)


def test_agents_and_strangers_are_sent_away(client, carol):
    assert client.get(PAGE).status_code == 302
    client.force_login(carol)
    assert client.get(PAGE).status_code in {302, 403}
    assert client.post(PAGE, {"site_name": "X"}).status_code in {302, 403}
    assert value("site_name") == "Weiyu"


def test_the_history_is_shown_and_cannot_be_changed(dora_client, dora):
    dora_client.post(PAGE, filled_in(dora_client) | {"site_name": "Desk"})
    history = "/admin/configuration/configurationevent/"

    page = _html(dora_client.get(history))

    assert "Site name" in page
    assert dora.username in page
    assert dora_client.get(f"{history}add/").status_code == 403
    event = ConfigurationEvent.objects.get()
    assert dora_client.post(f"{history}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    with pytest.raises(TypeError):
        ConfigurationEvent.objects.all().delete()


def _html(response) -> str:
    return response.content.decode()


def test_a_session_of_a_token_cannot_change_security_settings(client, dora, issue):
    _, secret = issue(dora, scopes=["login:admin", "settings:write"])
    client.get("/admin/auth/login", {"accessToken": secret})
    sent = filled_in(client)

    assert "token_longest_days" not in sent
    response = client.post(
        PAGE,
        sent
        | {"token_longest_days": "3650", "initial-token_longest_days": "365", "site_name": "Desk"},
    )

    assert response.status_code == 302
    assert (value("site_name"), value("token_longest_days")) == ("Desk", 365)


def test_a_weak_token_reads_or_is_refused(client, dora, issue):
    _, secret = issue(dora, scopes=["login:admin", "settings:read"])
    client.get("/admin/auth/login", {"accessToken": secret})

    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE, {"site_name": "X", "initial-site_name": "Weiyu"}).status_code == 403
    assert value("site_name") == "Weiyu"


def test_a_token_without_settings_sees_no_page(client, dora, issue):
    _, secret = issue(dora, scopes=["login:admin", "tickets:read"])
    client.get("/admin/auth/login", {"accessToken": secret})

    assert client.get(PAGE).status_code == 403
