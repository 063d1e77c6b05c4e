"""Notices before a token ends."""

from __future__ import annotations

import contextlib
import smtplib
from datetime import timedelta
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from django.core import mail
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User
from configuration import values
from tests.tickets.together import together
from tokens.maintenance import due_work, expiry_notices
from tokens.models import AccessToken, ExpiryNotice, TokenEvent


@pytest.fixture
def token(carol, dora, settings) -> AccessToken:
    """Return Carol's token, which Dora made for 30 days."""
    settings.PUBLIC_URL = "https://desk.example.com"
    for person in (carol, dora):
        User.objects.filter(pk=person.pk).update(
            email=f"{person.display_name.lower()}@mail.example"
        )
    made, _ = AccessToken.objects.issue(user=carol, name="CRM", by=Actor(dora), days=30)
    return made


def left(token: AccessToken, **time: float) -> None:
    """Let so much time be left to the token."""
    end = timezone.now() + timedelta(**time)
    AccessToken.objects.filter(pk=token.pk).update(
        expires_at=end, created_at=end - timedelta(days=30)
    )


def test_person_and_maker_are_told_seven_three_and_one_days_before(token):
    given = []
    for days in (8, 6.9, 6.8, 2.9, 2, 0.9, 0.1):
        left(token, days=days)
        given.append(due_work.give_notices())

    assert given == [0, 1, 0, 1, 0, 1, 0]
    assert [message.to for message in mail.outbox] == [
        ["carol@mail.example"],
        ["dora@mail.example"],
    ] * 3
    assert [message.subject for message in mail.outbox[::2]] == [
        "The AccessToken “CRM” ends within 7 days",
        "The AccessToken “CRM” ends within 3 days",
        "The AccessToken “CRM” ends within 1 day",
    ]


def test_a_notice_comes_in_the_name_of_the_site(token, settings):
    settings.DEFAULT_FROM_EMAIL = "desk@example.com"
    values.suppose({"site_name": "微语, Acme"})
    left(token, days=2)

    due_work.give_notices()

    name, address = parseaddr(str(mail.outbox[0].message()["From"]))
    assert (str(make_header(decode_header(name))), address) == ("微语, Acme", "desk@example.com")


def test_a_notice_says_which_token_until_when_and_where(token):
    left(token, days=2)
    due_work.give_notices()

    to_carol, to_dora = (message.body for message in mail.outbox)
    page = f"https://desk.example.com/admin/tokens/accesstoken/{token.pk}/change/"
    assert page in to_dora
    assert page not in to_carol
    assert "Ask an administrator" in to_carol
    for body in (to_carol, to_dora):
        assert f"“CRM” of Carol, which ends in …{token.hint}" in body
        assert "(UTC)" in body
        assert "eyJ" not in body


def test_each_reads_it_in_their_own_language_and_zone(token, carol):
    User.objects.filter(pk=carol.pk).update(language="zh-hans", time_zone="Asia/Shanghai")
    left(token, days=2)

    due_work.give_notices()

    assert "Asia/Shanghai" in mail.outbox[0].body
    assert "(UTC)" in mail.outbox[1].body


def test_a_name_breaks_no_header(token):
    AccessToken.objects.filter(pk=token.pk).update(name="CRM\r\nBcc: all@example.com")
    left(token, days=2)

    due_work.give_notices()

    assert mail.outbox[0].subject.startswith("The AccessToken “CRM Bcc: all@example.com”")
    assert mail.outbox[0].bcc == []


def test_after_a_pause_only_the_nearest_notice_is_given(token):
    left(token, days=0.5)

    assert (due_work.give_notices(), due_work.give_notices()) == (1, 0)

    assert [notice.days for notice in ExpiryNotice.objects.all()] == [1, 1]


def test_a_token_made_for_a_day_is_not_announced_at_once(carol, dora):
    AccessToken.objects.issue(user=carol, name="short", by=Actor(dora), days=1)
    AccessToken.objects.issue(user=carol, name="longer", by=Actor(dora), days=3)

    assert due_work.give_notices() == 0


@pytest.mark.parametrize("end", ["disable", "expire", "leave", "rotate"])
def test_nobody_is_told_of_what_is_over_or_replaced(end, token, carol, dora):
    left(token, days=2)
    match end:
        case "disable":
            token.disable(by=Actor.system())
        case "expire":
            left(token, days=-1)
        case "leave":
            User.objects.filter(pk=carol.pk).update(is_active=False)
        case "rotate":
            other, _ = AccessToken.objects.issue(user=carol, name="new", by=Actor(dora), days=30)
            AccessToken.objects.filter(pk=token.pk).update(successor=other)

    assert due_work.give_notices() == 0

    assert (mail.outbox, ExpiryNotice.objects.count()) == ([], 0)


def test_who_cannot_be_reached_is_left_out(token, carol, dora):
    User.objects.filter(pk=carol.pk).update(email="")
    User.objects.filter(pk=dora.pk).update(is_active=False)
    left(token, days=2)

    assert due_work.give_notices() == 0

    assert mail.outbox == []


def test_who_made_it_for_themselves_is_told_once(token, carol):
    AccessToken.objects.filter(pk=token.pk).update(created_by=carol)
    left(token, days=2)

    due_work.give_notices()

    assert [message.to for message in mail.outbox] == [["carol@mail.example"]]


def test_what_the_mail_server_refuses_is_sent_later(token, monkeypatch, caplog):
    left(token, days=2)
    with monkeypatch.context() as broken:
        broken.setattr(expiry_notices, "send_mail", _fails)
        assert due_work.give_notices() == 0
    assert "could not be sent" in caplog.text

    assert due_work.give_notices() == 1

    assert len(mail.outbox) == 2


def _fails(*_: object) -> None:
    raise smtplib.SMTPServerDisconnected


@pytest.mark.parametrize(
    "error", [smtplib.SMTPRecipientsRefused({}), ZeroDivisionError()], ids=repr
)
def test_what_fails_for_one_person_keeps_nobody_else_from_being_told_once(
    error, token, alice, dora, monkeypatch
):
    other, _ = AccessToken.objects.issue(user=alice, name="Shop", by=Actor(dora), days=30)
    User.objects.filter(pk=alice.pk).update(email="alice@mail.example")
    for each in (token, other):
        left(each, days=2)

    def runs() -> None:
        with contextlib.suppress(ExceptionGroup):
            due_work.give_notices()

    with monkeypatch.context() as broken:
        broken.setattr(expiry_notices, "send_mail", _fails_for("carol@mail.example", error))
        runs()
        runs()
    rest = sorted(message.to[0] for message in mail.outbox)
    runs()
    runs()

    assert rest == ["alice@mail.example", "dora@mail.example", "dora@mail.example"]
    assert sorted(message.to[0] for message in mail.outbox) == [
        "alice@mail.example",
        "carol@mail.example",
        "dora@mail.example",
        "dora@mail.example",
    ]


def _fails_for(address: str, error: Exception):
    def send(subject: str, text: str, sender: str, to: list[str]) -> None:
        if to == [address]:
            raise error
        mail.send_mail(subject, text, sender, to)

    return send


def test_a_zone_that_this_machine_does_not_know_stops_no_notice(token, carol):
    User.objects.filter(pk=carol.pk).update(time_zone="Mars/Olympus")
    values.suppose({"default_time_zone": "Asia/Shanghai"})
    left(token, days=2)

    assert due_work.give_notices() == 1

    assert ["(Asia/Shanghai)" in message.body for message in mail.outbox] == [True, True]


def test_many_tokens_cost_no_query_each_once_they_are_told_of(
    token, carol, dora, django_assert_num_queries
):
    for _ in range(10):
        other, _secret = AccessToken.objects.issue(user=carol, name="x", by=Actor(dora), days=30)
        left(other, days=2)
    due_work.give_notices()

    with django_assert_num_queries(2):
        due_work.give_notices()


def test_a_notice_changes_no_audit(token):
    left(token, days=2)
    due_work.give_notices()

    assert [event.verb for event in TokenEvent.objects.all()] == ["made"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_give_it_once(token):
    left(token, days=2)

    together(lambda _: due_work.give_notices(), range(2))

    assert sorted(message.to for message in mail.outbox) == [
        ["carol@mail.example"],
        ["dora@mail.example"],
    ]

    assert len(mail.outbox) == 2
