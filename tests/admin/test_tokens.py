from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from tests.conftest import PASSWORD
from tokens.models import AccessToken, TokenEvent
from tokens.scopes import default_scopes
from tokens.signing.digests import digest_of

LIST = "/admin/tokens/accesstoken/"
ADD = f"{LIST}add/"


def form_of(client: Client) -> str:
    """Open the form and return its one-time key."""
    page = client.get(ADD).content.decode()
    return re.search(r'name="form_key" value="([^"]+)"', page)[1]


def fields(user, **changed) -> dict[str, object]:
    return {
        "user": user.pk,
        "name": "CRM",
        "description": "",
        "scopes": default_scopes(user.role),
        "domains": "crm.example.com",
        "networks": "",
        "days": "7",
    } | changed


def make(client: Client, user, **changed):
    return client.post(ADD, fields(user, form_key=form_of(client)) | changed)


def secret_in(answer) -> str:
    return re.search(r'<pre id="snippet-token"[^>]*>([^<]+)</pre>', answer.content.decode())[1]


def kinds_in(page: str) -> list[str]:
    """Return which samples a page offers."""
    return re.findall(r'data-copy="snippet-((?!token)[\w-]+)"', page)


def act(client: Client, action: str, *tokens: AccessToken, **more):
    form = {"action": action, "_selected_action": [token.pk for token in tokens]} | more
    return client.post(LIST, form)


def test_a_new_token_is_shown_once_with_what_to_paste(dora, carol, browser):
    client = browser(dora)

    answer = make(client, carol)

    token, secret = AccessToken.objects.get(), secret_in(answer)
    assert answer.status_code == 200
    assert token.digest == digest_of(secret)
    assert (token.user, token.name, token.domains) == (carol, "CRM", ["crm.example.com"])
    assert token.scopes == default_scopes(carol.role)
    assert timedelta(days=6) < token.expires_at - timezone.now() <= timedelta(days=7)
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Frame-Options"] == "DENY"
    page = answer.content.decode()
    assert f"http://testserver/agent/auth/login?accessToken={secret}" in page
    assert "/admin/auth/login" not in page, "an agent has no way into the admin"
    assert kinds_in(page) == ["login-agent", "link", "iframe", "form", "script", "javascript"]
    assert [event.verb for event in TokenEvent.objects.order_by("id")] == ["made", "shown"]
    assert set(TokenEvent.objects.values_list("actor_id", flat=True)) == {dora.pk}


@pytest.mark.parametrize(
    ("domains", "networks", "is_offered"),
    [("", "", True), ("crm.example.com", "10.0.0.0/8", True), ("crm.example.com", "", False)],
)
def test_samples_for_programs_stand_there_only_where_they_work(
    dora, browser, domains, networks, is_offered
):
    page = make(browser(dora), dora, domains=domains, networks=networks).content.decode()

    assert ({"curl", "python"} <= set(kinds_in(page))) is is_offered
    assert ("Samples for programs are left out" not in page) is is_offered


def test_samples_keep_the_token_out_of_addresses_and_show_the_page(dora, browser):
    page = html.unescape(make(browser(dora), dora).content.decode())

    assert '<form method="post" action="http://testserver/agent/auth/login"' in page
    assert 'height="720" referrerpolicy="origin"' in page


def test_the_shown_token_works(dora, browser):
    secret = secret_in(make(browser(dora), dora, domains=""))

    answer = Client().get("/api/user/profile", headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 200


def test_snippets_show_the_public_address(dora, browser, settings):
    settings.PUBLIC_URL = "https://desk.example.com"

    page = make(browser(dora), dora).content.decode()

    assert "https://desk.example.com/admin/auth/login?accessToken=" in page
    assert "testserver" not in page


def test_sending_a_form_again_makes_no_second_token_and_shows_none(dora, carol, browser):
    client = browser(dora)
    form = fields(carol, form_key=form_of(client))
    secret = secret_in(client.post(ADD, form))

    again = client.post(ADD, form, follow=True)

    token = AccessToken.objects.get()
    assert again.redirect_chain == [(f"{LIST}{token.pk}/change/", 302)]
    assert secret not in again.content.decode()
    assert b"This form was sent already" in again.content


def test_a_form_without_its_key_makes_nothing(dora, carol, browser):
    answer = browser(dora).post(ADD, fields(carol))

    assert b"This form was sent already" in answer.content
    assert (AccessToken.objects.count(), TokenEvent.objects.count()) == (0, 0)


def test_a_refused_form_can_be_mended_and_sent(dora, carol, browser):
    client = browser(dora)
    key = form_of(client)

    refused = client.post(ADD, fields(carol, form_key=key, domains="*.com"))
    made = client.post(ADD, fields(carol, form_key=key))

    assert b"would allow sites of strangers" in refused.content
    assert secret_in(made)
    assert AccessToken.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"scopes": ["login:admin"]}, "scopes", "role does not have: login:admin"),
        ({"domains": "https://crm.example.com/path"}, "domains", "without a path"),
        ({"networks": "10.0.0.1/8"}, "networks", "is no network"),
        ({"days": "own", "until": ""}, "until", "Choose the last day"),
        ({"days": "own", "until": "2001-01-01"}, "days", "Choose a time at least a minute ahead"),
        ({"days": "own", "until": "9999-12-31"}, "days", "365 days at most"),
        ({"days": "400"}, "days", "not one of the available choices"),
        ({"name": ""}, "name", "This field is required"),
        ({"scopes": ["everything"]}, "scopes", "not one of the available choices"),
    ],
)
def test_what_the_domain_refuses_stands_at_its_field(
    changed, field, sentence, dora, carol, browser
):
    answer = make(browser(dora), carol, **changed)

    errors = answer.context["adminform"].form.errors
    assert sentence in str(errors[field])
    assert (AccessToken.objects.count(), TokenEvent.objects.count()) == (0, 0)


def test_the_form_ticks_what_the_role_has(dora, carol, browser):
    page = browser(dora).get(ADD, {"user": carol.pk}).content.decode()

    ticked = set(re.findall(r'name="scopes" value="([^"]+)" checked', page))
    assert ticked == set(default_scopes(carol.role))


def test_the_form_learns_what_lines_and_people_mean(dora, carol, browser):
    client = browser(dora)

    means = client.get(
        f"{LIST}explain/",
        {"domains": "example.com\n*.example.com\nbad/", "networks": "10.0.0.0/8\n::1"},
    ).json()
    person = client.get(f"{LIST}person/", {"user": carol.pk}).json()

    assert [line["text"] for line in means["domains"][:2]] == [
        "http://example.com and https://example.com, not its subdomains.",
        "Every subdomain: http://*.example.com and https://*.example.com; not example.com itself.",
    ]
    assert [line["ok"] for line in means["domains"]] == [True, True, False]
    assert [line["text"] for line in means["networks"]] == [
        "From 10.0.0.0 to 10.255.255.255.",
        "The one address ::1.",
    ]
    assert person["role"] == "Agent"
    assert person["ticked"] == default_scopes(carol.role)
    assert "login:admin" not in person["has"]


@pytest.mark.parametrize("user", ["", "x", "0", "9" * 30, "²"])
def test_nobody_is_explained_too(user, dora, browser):
    assert browser(dora).get(f"{LIST}person/", {"user": user}).json()["ticked"] == []


def change(client: Client, token: AccessToken, **changed):
    form = {
        "name": token.name,
        "description": token.description,
        "scopes": token.scopes,
        "domains": "\n".join(token.domains),
        "networks": "\n".join(token.networks),
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%S"),
    } | changed
    return client.post(f"{LIST}{token.pk}/change/", form)


def test_an_edit_is_written_with_its_audit(dora, carol, browser, issue):
    token, _ = issue(carol)

    answer = change(browser(dora), token, name="CRM 2", domains="a.example\nb.example")

    assert answer.status_code == 302
    token = AccessToken.objects.get()
    assert (token.name, token.domains) == ("CRM 2", ["a.example", "b.example"])
    event = TokenEvent.objects.get(verb="edited")
    assert sorted(event.details["changes"]) == ["domains", "name"]
    assert event.actor_id == dora.pk


def test_saving_what_stands_writes_nothing(dora, carol, browser, issue):
    token, _ = issue(carol, domains=["a.example"], networks=["10.0.0.0/8"])

    assert change(browser(dora), token).status_code == 302

    assert not TokenEvent.objects.filter(verb="edited").exists()


def test_an_expiry_is_never_put_off(dora, carol, browser, issue):
    token, _ = issue(carol)
    later = (token.expires_at + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")

    answer = change(browser(dora), token, expires_at=later)

    assert b"An expiry can only be shortened" in answer.content
    assert AccessToken.objects.get().expires_at == token.expires_at


def test_disabling_asks_and_keeps_the_reason(dora, carol, browser, issue):
    token, _ = issue(carol)
    client = browser(dora)

    asked = act(client, "disable_tokens", token)
    assert b"Disable the token?" in asked.content
    assert AccessToken.objects.get().disabled_at is None

    act(client, "disable_tokens", token, answer="yes", reason="left the company")

    token.refresh_from_db()
    assert (token.disabled_by, token.disabled_reason) == (dora, "left the company")
    act(client, "enable_tokens", token)
    token.refresh_from_db()
    assert token.disabled_at is None
    assert list(TokenEvent.objects.order_by("id").values_list("verb", flat=True)) == [
        "made", "disabled", "enabled",
    ]  # fmt: skip


def test_deleting_asks_twice_and_leaves_the_audit(dora, carol, browser, issue):
    token, _ = issue(carol)
    client = browser(dora)

    assert b"Delete the token?" in client.get(f"{LIST}{token.pk}/delete/").content
    assert b"Delete the token?" in client.post(f"{LIST}{token.pk}/delete/", {"post": "yes"}).content
    assert b"Delete the token?" in act(client, "delete_tokens", token).content
    assert b"Really delete" in act(client, "delete_tokens", token, answer="once").content
    assert AccessToken.objects.count() == 1

    act(client, "delete_tokens", token, answer="twice")

    assert AccessToken.objects.count() == 0
    assert TokenEvent.objects.filter(token_id=token.pk, verb="deleted", actor_id=dora.pk).exists()
    assert b"test" in client.get("/admin/tokens/tokenevent/").content


ALL_OF_THE_ROLE = ["login:admin", "users:read", "tokens:write", "tickets:read"]


def test_a_session_by_link_gives_the_password_first(dora, carol, issue, by_link):
    token, _ = issue(carol)
    client = by_link(dora, scopes=ALL_OF_THE_ROLE)

    for answer in (
        client.get(ADD),
        client.post(ADD, fields(dora)),
        change(client, token, name="mine"),
        act(client, "disable_tokens", token, answer="yes"),
        act(client, "enable_tokens", token),
        act(client, "delete_tokens", token, answer="twice"),
        client.get(f"{LIST}{token.pk}/delete/"),
    ):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/auth/confirm?next=")
    token.refresh_from_db()
    assert (token.name, token.disabled_at) == ("test", None)
    assert client.get(LIST).status_code == 200


def test_rights_do_not_grow_in_a_session_by_link(dora, carol, issue, by_link):
    foreign, _ = issue(carol)
    client = by_link(dora, scopes=ALL_OF_THE_ROLE, confirmed=True)

    wider = make(client, dora, scopes=["tickets:write"], domains="")
    edited = change(client, foreign, name="taken over")

    for answer in (wider, edited):
        assert b"only tokens that go no further than itself" in answer.content
    assert set(AccessToken.objects.values_list("name", flat=True)) == {"test"}


def test_a_session_by_link_makes_a_narrower_token_for_itself(dora, by_link):
    client = by_link(dora, scopes=ALL_OF_THE_ROLE, confirmed=True)

    answer = make(client, dora, scopes=["tickets:read"])

    made = AccessToken.objects.latest("id")
    assert made.digest == digest_of(secret_in(answer))
    assert (made.user, made.scopes) == (dora, ["tickets:read"])
    event = TokenEvent.objects.get(token_id=made.pk, verb="made")
    assert event.through_token_id == client.token.pk


def test_an_old_password_is_asked_again(dora, by_link, monkeypatch):
    client = by_link(dora, scopes=ALL_OF_THE_ROLE, confirmed=True)
    assert client.get(ADD).status_code == 200
    monkeypatch.setattr("tokens.sessions.confirmation.CONFIRMED_FOR", -1)

    assert client.get(ADD)["Location"].startswith("/admin/auth/confirm")


def test_the_audit_is_read_only(dora, carol, issue, browser):
    issue(carol)
    event = TokenEvent.objects.get()
    client = browser(dora)

    assert client.get("/admin/tokens/tokenevent/add/").status_code == 403
    assert client.post("/admin/tokens/tokenevent/add/").status_code == 403
    page = f"/admin/tokens/tokenevent/{event.pk}"
    assert client.get(f"{page}/change/").status_code == 200
    assert client.post(f"{page}/change/", {"cause": "x"}).status_code == 403
    assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert TokenEvent.objects.get().cause == ""


def found(client: Client, page: str, **query) -> list[object]:
    return list(client.get(page, query).context["cl"].queryset)


def test_the_list_filters_by_state_scope_role_and_use(dora, carol, alice, issue, browser):
    fresh, _ = issue(carol, name="fresh")
    soon, _ = issue(dora, name="soon", days=2)
    off, _ = issue(alice, name="off")
    off.disable(by=Actor(dora))
    over, _ = issue(carol, name="over", scopes=["tickets:read"])
    long_ago = timezone.now() - timedelta(days=120)
    AccessToken.objects.filter(pk=over.pk).update(
        expires_at=timezone.now() - timedelta(days=60), created_at=long_ago
    )
    client = browser(dora)

    for query, expected in (
        ({"state": "good"}, [soon, fresh]),
        ({"state": "active"}, [fresh]),
        ({"state": "expiring"}, [soon]),
        ({"state": "expired"}, [over]),
        ({"state": "disabled"}, [off]),
        ({"role": "customer"}, [off]),
        ({"scope": "login:admin"}, [soon]),
        ({"scope": "tickets:read"}, [over, off, soon, fresh]),
        ({"unused": "90"}, [over]),
        ({"unused": "never"}, [over, off, soon, fresh]),
        ({"q": fresh.hint}, [fresh]),
        ({"q": "carol"}, [over, fresh]),
        ({"user__id__exact": alice.pk}, [off]),
    ):
        assert found(client, LIST, **query) == expected, query


def test_the_audit_filters_denials_and_finds_addresses(dora, carol, issue, browser):
    token, _ = issue(carol)
    token.record(
        "denied", cause="token-disabled", address="203.0.113.7", origin="https://x.example"
    )
    client, audit = browser(dora), "/admin/tokens/tokenevent/"
    denial = TokenEvent.objects.get(verb="denied")

    for query in (
        {"verb__exact": "denied"},
        {"cause": "token-disabled"},
        {"q": "203.0.113"},
        {"q": "x.example"},
    ):
        assert found(client, audit, **query) == [denial], query
    assert len(found(client, audit, token_id__exact=token.pk)) == 2
    assert found(client, audit, cause="token-expired") == []


@pytest.mark.parametrize("page", [LIST, "/admin/tokens/tokenevent/"])
def test_a_list_costs_the_same_queries_however_long(
    page, dora, carol, issue, browser, django_assert_num_queries
):
    client = browser(dora)
    for rows in (3, 30):
        for _ in range(rows):
            issue(carol)
        client.get(page)
        with django_assert_num_queries(4):  # session, person, count, rows
            client.get(page)


def test_the_form_of_a_weak_token_stays_closed(dora, by_link):
    client = by_link(dora, scopes=["login:admin", "tokens:read"])

    assert client.get(LIST).status_code == 200
    assert client.get(ADD).status_code == 403
    assert client.get(f"{LIST}person/").status_code == 403
    assert client.get(f"{LIST}{client.token.pk}/change/").status_code == 200
    assert client.post(f"{LIST}{client.token.pk}/change/").status_code == 403
    assert PASSWORD.encode() not in client.get(LIST).content


def test_the_page_of_a_new_token_says_what_it_may_and_where_to_go_on(dora, carol, browser):
    client = browser(dora)
    everywhere = make(client, carol, domains="", scopes=["login:agent", "tickets:read"])
    listed = make(client, carol, domains="crm.example.com")

    page, secret = everywhere.content.decode(), secret_in(everywhere)
    assert "Read tickets <code>tickets:read</code>" in page
    assert "<code>tickets:write</code>" not in page
    assert f'href="http://testserver/agent/auth/login?accessToken={secret}" target="_blank"' in page
    for address in ("/admin/tokens/accesstoken/try/", "/api/docs"):
        assert f'href="{address}"' in page
    # From our own page a token of other pages would be refused.
    assert "Open the workstation now" not in listed.content.decode()


def test_the_page_of_a_token_has_no_line_without_anything_in_it(dora, carol, browser, issue):
    token, _ = issue(carol)
    client, page = browser(dora), f"{LIST}{issue(carol)[0].pk}/change/"

    plain = client.get(page).content.decode()
    token.disable(by=Actor(dora), reason="left")
    disabled = client.get(f"{LIST}{token.pk}/change/").content.decode()

    assert ("field-rotation" in plain, "field-disabling" in plain) == (False, False)
    assert "field-disabling" in disabled


def test_one_is_asked_and_told_as_one_and_some_as_some(dora, carol, browser, issue):
    client, tokens = browser(dora), [issue(carol)[0] for _ in range(3)]

    one = act(client, "disable_tokens", tokens[0]).content.decode()
    asked = {"action": "disable_tokens", "_selected_action": [token.pk for token in tokens]}
    some = client.post(LIST, asked).content.decode()
    done = client.post(LIST, {**asked, "answer": "yes"}, follow=True).content.decode()
    again = client.post(
        LIST, {"action": "enable_tokens", "_selected_action": tokens[0].pk}, follow=True
    )

    assert "Disable the token?" in one
    assert "of this token ends" in one
    assert "Disable 3 tokens?" in some
    assert "3 AccessTokens changed." in done
    assert "1 AccessToken changed." in again.content.decode()


def test_a_form_says_what_its_buttons_do_and_what_must_be_filled_in(dora, carol, browser, issue):
    token, _ = issue(carol)
    client = browser(dora)

    new = client.get(ADD).content.decode()
    old = client.get(f"{LIST}{token.pk}/change/").content.decode()
    event = client.get("/admin/tokens/tokenevent/1/change/", follow=True).content.decode()

    assert 'value="Make the token"' in new
    assert 'value="Save"' in old
    assert "Fields with * must be filled in." in new
    assert ">Close<" not in new + old + event
    assert "Back to the list" in new


def test_the_documentation_of_the_api_stands_where_people_look(dora, carol, browser):
    client = browser(dora)

    for page in ("/admin/", LIST, "/agent/"):
        assert 'href="/api/docs"' in client.get(page, follow=True).content.decode(), page
