from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from tokens.models import TokenEvent

AUDIT = "/admin/tokens/tokenevent/"
EXPORT = f"{AUDIT}export/"


def exported(client: Client, **query) -> list[dict[str, str]]:
    answer = client.get(EXPORT, query)
    assert answer.status_code == 200
    text = answer.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_audit_is_exported_with_names_and_moments(dora, carol, issue, browser):
    token, _ = issue(carol, name="CRM")
    token.disable(by=Actor(dora), reason="left the company")
    made, disabled = TokenEvent.objects.order_by("id")

    rows = exported(browser(dora))

    assert [row["what"] for row in rows] == ["disabled", "made"]
    assert rows[0] == {
        "id": str(disabled.pk),
        "at": disabled.at.isoformat().replace("+00:00", "Z"),
        "what": "disabled",
        "token_id": str(token.pk),
        "token_name": "CRM",
        "hint": apostrophe(token.hint),
        "person_id": str(carol.pk),
        "person": "carol@example.com",
        "by_id": str(dora.pk),
        "by": "dora@example.com",
        "through_token_id": "",
        "cause": "left the company",
        "address": "",
        "origin": "",
        "details": "{}",
    }
    assert (rows[1]["by"], rows[1]["at"]) == ("", made.at.isoformat().replace("+00:00", "Z"))


def apostrophe(hint: str) -> str:
    return f"'{hint}" if hint.startswith("-") else hint


def test_an_export_is_a_file_that_spreadsheets_read_as_utf_8(dora, issue, browser):
    issue(dora, name="客服")

    answer = browser(dora).get(EXPORT)

    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    day = timezone.localdate().isoformat()
    assert answer["Content-Disposition"] == f'attachment; filename="audit-{day}.csv"'
    assert "no-store" in answer["Cache-Control"]
    assert answer.getvalue().startswith("\ufeffid,at,".encode())


def test_an_export_has_what_the_list_shows(dora, carol, issue, browser):
    token, _ = issue(carol, name="CRM")
    other, _ = issue(dora, name="Shop")
    token.record("denied", cause="token-disabled", address="203.0.113.7")
    client = browser(dora)

    for query, names in (
        ({}, ["CRM", "Shop", "CRM"]),
        ({"verb__exact": "denied"}, ["CRM"]),
        ({"cause": "token-disabled"}, ["CRM"]),
        ({"token_id__exact": other.pk}, ["Shop"]),
        ({"q": "203.0.113"}, ["CRM"]),
        ({"o": "2"}, ["CRM", "CRM", "Shop"]),
    ):
        assert [row["token_name"] for row in exported(client, **query)] == names, query


@pytest.mark.parametrize(
    "begin",
    [
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        # Full width, small, behind a byte order mark or what else nobody sees.
        "\uff1d",
        "\uff0b",
        "\uff0d",
        "\uff20",
        "\ufe63",
        "\ufeff=",
        "\u200b\u00ad@",
        "\u3000=",
        " =",
    ],
    ids=ascii,
)
def test_no_cell_is_a_formula(begin, dora, issue, browser):
    token, _ = issue(dora)
    TokenEvent.objects.create(
        token_id=token.pk, token_name=f"{begin}1+1", hint="aBc123", subject_id=dora.pk,
        verb="denied", cause=f"{begin}cmd|'/c calc'!A0", details={begin: 1},
    )  # fmt: skip

    row = exported(browser(dora))[0]

    assert row["token_name"] == f"'{begin}1+1"
    assert row["cause"].startswith(f"'{begin}cmd")
    assert json.loads(row["details"]) == {begin: 1}


def test_an_export_costs_the_same_queries_however_long(
    dora, issue, browser, monkeypatch, django_assert_num_queries
):
    token, _ = issue(dora)
    monkeypatch.setattr("tokens.admin.export.CHUNK", 10)
    client = browser(dora)
    for rows in (5, 120):
        for _ in range(rows):
            token.record("login")
        expected = TokenEvent.objects.count()
        with django_assert_num_queries(4):  # session, count, page, all rows
            assert len(exported(client)) == expected


def test_who_may_not_read_the_audit_gets_no_export(alice, carol, dora, browser, by_link):
    assert Client().get(EXPORT).status_code == 302
    for person in (alice, carol):
        assert browser(person).get(EXPORT).status_code == 403
    assert by_link(dora, scopes=["login:admin", "tickets:read"]).get(EXPORT).status_code == 403
    reader = by_link(dora, scopes=["login:admin", "tokens:read"])
    assert reader.get(EXPORT).status_code == 200


def test_a_frame_gets_no_export(dora, by_link):
    client = by_link(dora, scopes=["login:admin", "tokens:read"])

    answer = client.get(EXPORT, headers={"Sec-Fetch-Dest": "iframe"})

    assert b"Open in a new tab" in answer.content
    assert answer["Content-Type"].startswith("text/html")


def test_a_filter_that_cannot_be_leads_back_to_the_list(dora, browser):
    answer = browser(dora).get(EXPORT, {"at__gte": "nonsense"})

    assert (answer.status_code, answer["Location"]) == (302, f"{AUDIT}?e=1")


def test_the_list_offers_its_export_with_its_filters(dora, issue, browser):
    issue(dora)

    page = browser(dora).get(AUDIT, {"verb__exact": "made", "q": "test"}).content.decode()

    assert f'href="{EXPORT}?verb__exact=made&amp;q=test"' in page


def details_in(client: Client, event: TokenEvent) -> dict[str, str]:
    """Return the details that the page of a row shows, by their labels."""
    page = client.get(f"{AUDIT}{event.pk}/change/").content.decode()
    return dict(re.findall(r"<dt>(.+?)</dt><dd>(.*?)</dd>", page))


def test_a_row_tells_its_details_in_words_and_local_time(dora, carol, issue, browser):
    dora.edit(by=Actor(dora), time_zone="Asia/Shanghai")
    token, _ = issue(carol, name="CRM", domains=["crm.example.com"])
    token.edit(by=Actor(dora), domains=[], name="Shop", allow_missing_referrer=True)
    until = datetime(2026, 11, 26, 23, 29, tzinfo=UTC).isoformat()
    token.record("rotated", by=Actor(dora), successor=token.pk, grace_until=until)
    token.record("login", target="agent", way="frame", person=dora.pk)
    token.record("denied", cause="token-expired", kind="api", scope="")
    made, edited, rotated, login, denied = TokenEvent.objects.order_by("id")
    client = browser(dora)

    assert details_in(client, made) == {}
    assert details_in(client, edited) == {
        "Allowed domains": "crm.example.com → –",
        "Name": "CRM → Shop",
        "Sign in without a referring page": "no → yes",
    }
    assert details_in(client, rotated) == {
        "Successor": f'<a href="/admin/tokens/accesstoken/{token.pk}/change/">{token}</a>',
        "Good until, after rotation": "27 Nov 2026, 07:29",
    }
    assert details_in(client, login) == {
        "Opens": "Workstation", "Session kept by": "a cookie of the frame",
        "Acts as": "dora@example.com",
    }  # fmt: skip
    assert details_in(client, denied) == {"Kind": "API", "Permission": "–"}


def test_what_stands_no_more_is_named_by_its_number(dora, issue, browser):
    token, _ = issue(dora)
    token.record("rotated", by=Actor(dora, token_id=4711), successor=4712)
    client, event = browser(dora), TokenEvent.objects.latest("id")

    assert details_in(client, event) == {"Successor": "#4712"}
    assert "#4711" in client.get(f"{AUDIT}{event.pk}/change/").content.decode()


def test_the_audit_says_where_a_token_was_first_used(dora, issue, browser):
    token, _ = issue(dora)
    token.record("first_use", cause="203.0.113.0/24", address="203.0.113.9")

    page = browser(dora).get(AUDIT, {"verb__exact": "first_use"}).content.decode()

    assert "First use from there" in page
    assert "203.0.113.0/24" in page


def test_old_rows_are_found_by_their_day(dora, issue, browser):
    token, _ = issue(dora)
    TokenEvent.objects.create(
        at=timezone.now() - timedelta(days=40), token_id=token.pk, token_name="old",
        hint="aBc123", subject_id=dora.pk, verb="login",
    )  # fmt: skip

    since = (timezone.now() - timedelta(days=30)).isoformat()
    rows = exported(browser(dora), at__gte=since)

    assert [row["token_name"] for row in rows] == ["test"]


def test_the_audit_of_one_token_says_whose_it_is_and_leads_back(dora, carol, issue, browser):
    token, _ = issue(carol, name="CRM")
    gone, _ = issue(carol, name="Gone")
    gone_id = gone.pk
    gone.remove(by=Actor(dora))
    client = browser(dora)

    page = client.get(f"{AUDIT}?token_id__exact={token.pk}").content.decode()
    whole = client.get(AUDIT).content.decode()
    of_the_gone = client.get(f"{AUDIT}?token_id__exact={gone_id}").content.decode()

    assert f"<h1>Audit of “<bdi>CRM</bdi>”, …{token.hint}</h1>" in page
    assert (
        f'<a href="/admin/tokens/accesstoken/{token.pk}/change/"><bdi>CRM</bdi></a> &rsaquo; Audit'
        in page
    )
    assert f'href="{AUDIT}">Audit of all tokens' in page
    assert "Audit of all tokens" not in whole
    assert "Audit of “<bdi>Gone</bdi>”" in of_the_gone
    assert f"/admin/tokens/accesstoken/{gone_id}/change/" not in of_the_gone
    for nonsense in ("x", "9" * 30, "0"):
        assert client.get(f"{AUDIT}?token_id__exact={nonsense}").status_code in {200, 302, 400}


def test_the_source_of_a_first_use_is_no_cause(dora, carol, issue, browser):
    token, _ = issue(carol)
    token.record("first_use", cause="203.0.113.0/24", address="203.0.113.9")

    page = browser(dora).get(f"{AUDIT}?verb__exact=first_use").content.decode()

    assert '<td class="field-why">–</td>' in page
    assert "203.0.113.9" in page
