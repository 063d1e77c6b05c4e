"""The audit is written once and never rewritten: neither by our code nor by plain SQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from accounts.actor import Actor
from records import triggers
from tokens.maintenance import due_work
from tokens.models import AccessToken, TokenEvent

LONG_AGO = timedelta(days=91)


@pytest.fixture
def event(carol, issue) -> TokenEvent:
    issue(carol)
    return TokenEvent.objects.get()


def rows() -> list[dict[str, object]]:
    return list(TokenEvent.objects.order_by("id").values())


def save_again(event: TokenEvent) -> None:
    event.cause = "another"
    event.save()


def save_a_field(event: TokenEvent) -> None:
    event.cause = "another"
    event.save(update_fields=["cause"])


def change_many(event: TokenEvent) -> None:
    event.cause = "another"
    TokenEvent.objects.bulk_update([event], ["cause"])


def write_over_in_bulk(event: TokenEvent) -> None:
    event.cause = "another"
    TokenEvent.objects.bulk_create(
        [event], update_conflicts=True, unique_fields=["id"], update_fields=["cause"]
    )


@pytest.mark.parametrize(
    "rewrite",
    [
        save_again,
        save_a_field,
        change_many,
        write_over_in_bulk,
        lambda event: TokenEvent.objects.update(cause="another"),
        lambda event: TokenEvent._base_manager.update(cause="another"),
        lambda event: TokenEvent.objects.update_or_create(
            pk=event.pk, defaults={"cause": "another"}
        ),
        lambda event: TokenEvent.objects.all().delete(),
        lambda event: TokenEvent._base_manager.all().delete(),
        lambda event: TokenEvent.objects.all()._raw_delete("default"),
        lambda event: event.delete(),
    ],
)
def test_no_row_is_changed_or_deleted_by_the_models(event, rewrite):
    before = rows()

    with pytest.raises(TypeError, match="Audit rows are never"), transaction.atomic():
        rewrite(event)

    assert rows() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tokens_tokenevent SET cause = 'another'",
        "UPDATE tokens_tokenevent SET address = NULL, address_is_whole = false",
        "UPDATE tokens_tokenevent SET id = id + 1",
        "DELETE FROM tokens_tokenevent",
        pytest.param("TRUNCATE tokens_tokenevent", marks=pytest.mark.postgresql),
    ],
)
def test_no_row_is_changed_or_deleted_by_sql(event, statement):
    before = rows()

    with (
        pytest.raises(IntegrityError, match="Audit rows are never"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert rows() == before


def test_querysets_of_others_are_refused_by_the_database(event):
    before = rows()

    with pytest.raises(IntegrityError, match="Audit rows are never"), transaction.atomic():
        models.QuerySet(TokenEvent).update(cause="another")

    assert rows() == before


def test_migrating_brings_the_guard_back(event):
    triggers.unguard(TokenEvent, connection)

    triggers.guard_after_migrating(app_config=apps.get_app_config("tokens"), using="default")

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM tokens_tokenevent")


def test_rows_stay_when_tokens_and_people_go(carol, dora, issue):
    token, _ = issue(carol)
    token.remove(by=Actor(dora))
    issue(carol)

    carol.delete()

    assert AccessToken.objects.count() == 0
    assert [row["verb"] for row in rows()] == ["made", "deleted", "made"]
    assert {row["subject_id"] for row in rows()} == {rows()[0]["subject_id"]}


def seen_at(address: str | None, *, ago: timedelta, **fields) -> TokenEvent:
    return TokenEvent.objects.create(
        at=timezone.now() - ago, token_id=1, token_name="x", hint="aBc123", subject_id=1,
        verb="denied", cause="token-disabled", address=address, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "cut"),
    [
        ("203.0.113.9", "203.0.113.0"),
        ("203.0.113.0", "203.0.113.0"),
        ("0.0.0.1", "0.0.0.0"),
        ("2001:db8:1:2::9", "2001:db8:1::"),
        ("2001:db8::9", "2001:db8::"),
        ("1::5:6:7:8:9", "1::"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8::"),
        ("2001:0:0:1::1", "2001::"),
        ("2001:0:5::9", "2001:0:5::"),
        ("::1", "::"),
        ("::3:4:5:6:7:8", "0:0:3::"),
        ("0:0:0:1::", "::"),
        ("::ffff:203.0.113.9", "203.0.113.0"),
        (None, None),
    ],
)
def test_an_address_is_cut_to_its_network_after_ninety_days(db, address, cut):
    old = seen_at(address, ago=LONG_AGO)
    before = rows()

    assert due_work.cut_old_addresses() == 1

    changed = {**before[0], "address": cut, "address_is_whole": False}
    assert rows() == [changed]
    assert due_work.cut_old_addresses() == 0
    assert TokenEvent.objects.get(pk=old.pk).address == cut


def test_a_younger_address_stays_whole(db):
    seen_at("203.0.113.9", ago=timedelta(days=89))
    before = rows()

    assert due_work.cut_old_addresses() == 0

    assert rows() == before


def test_many_addresses_are_cut_in_portions(db, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr("tokens.models.audit.PORTION", 10)
    for number in range(25):
        seen_at(f"203.0.{number % 3}.{number}", ago=LONG_AGO)
    seen_at("203.0.113.9", ago=timedelta(days=1))

    with django_assert_max_num_queries(4 * (2 + 3) + 4):
        assert due_work.cut_old_addresses() == 25

    found = set(TokenEvent.objects.values_list("address", flat=True))
    assert found == {"203.0.0.0", "203.0.1.0", "203.0.2.0", "203.0.113.9"}


@pytest.mark.parametrize(
    "change",
    [
        "address = '198.51.100.0', address_is_whole = false",
        "address = '203.0.113.0'",
        "address = NULL, address_is_whole = false",
        "address = '203.0.113.0', address_is_whole = false, cause = 'another'",
    ],
)
def test_the_database_lets_an_old_address_become_its_network_and_nothing_else(db, change):
    seen_at("203.0.113.9", ago=LONG_AGO)
    before = rows()

    with (
        pytest.raises(IntegrityError, match="Audit rows are never"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE tokens_tokenevent SET {change}")

    assert rows() == before


@pytest.mark.parametrize("cut", ["2001:db8:1:2::", "2001:db8::", "2001::", "20::", "::", "2::"])
def test_no_other_network_takes_the_place_of_an_old_address(db, cut):
    seen_at("2001:db8:1:2::9", ago=LONG_AGO)
    before = rows()

    with (
        pytest.raises(IntegrityError, match="Audit rows are never"),
        transaction.atomic(),
    ):
        TokenEvent.objects.change_lawfully(address=cut, address_is_whole=False)

    assert rows() == before


@pytest.mark.parametrize("changes", [{}, {"cause": "another"}])
def test_with_the_address_nothing_else_is_changed(db, changes):
    seen_at("203.0.113.9", ago=LONG_AGO)
    seen_at("203.0.113.9", ago=timedelta(days=1))
    before = rows()

    with pytest.raises((TypeError, IntegrityError)), transaction.atomic():
        TokenEvent.objects.change_lawfully(address="203.0.113.0", address_is_whole=False, **changes)

    assert rows() == before
