"""All histories are written once and never rewritten: neither by our code nor by plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.core import serializers
from django.db import IntegrityError, connection, models, transaction

from accounts.actor import Actor
from accounts.models import PersonEvent
from configuration.models import ConfigurationEvent
from messaging.models import Conversation, ConversationEvent
from records import triggers
from records.histories import History
from tickets.models import Ticket, TicketEvent
from tokens.models import TokenEvent

pytestmark = pytest.mark.django_db
IS_SQLITE = connection.vendor == "sqlite"


@pytest.fixture(
    params=[TokenEvent, TicketEvent, ConversationEvent, PersonEvent, ConfigurationEvent],
    ids=lambda model: model.__name__,
)
def history(request) -> type[History]:
    return request.param


@pytest.fixture
def write(history, alice) -> Callable[..., History]:
    """Return a function that adds a row to the history of the test's parameter."""
    if history in (TicketEvent, ConversationEvent):
        opened = {"requester": alice, "title": "Late", "content": "It is late."}
        ticket = Ticket.objects.open_for(by=Actor.system(), **opened)
    fields = {
        TokenEvent: lambda: {
            "token_id": 1, "token_name": "x", "hint": "aBc123", "subject_id": 1, "verb": "edited",
        },
        TicketEvent: lambda: {"ticket": ticket, "verb": "status"},
        ConversationEvent: lambda: {
            "conversation": Conversation.objects.for_ticket(ticket), "verb": "closed",
        },
        PersonEvent: lambda: {"person_id": 1, "verb": "changed"},
        ConfigurationEvent: lambda: {"key": "site_name", "old": "a", "new": "b"},
    }[history]()  # fmt: skip
    return lambda **more: history.objects.create(**fields | more)


@pytest.fixture
def row(write) -> History:
    """Return the second of three rows."""
    write()
    row = write()
    write()
    # PostgreSQL empties no table whose deferred constraints are still to be checked.
    connection.check_constraints()
    return row


def told(model: type[History]) -> str:
    """Return the column that a test tries to rewrite."""
    return "key" if model is ConfigurationEvent else "verb"


def rows(model: type[History]) -> list[dict[str, object]]:
    return list(models.QuerySet(model).order_by("pk").values())


def test_these_are_all_histories():
    known = {TokenEvent, TicketEvent, ConversationEvent, PersonEvent, ConfigurationEvent}

    assert set(triggers.histories(apps.get_models())) == known
    assert {model for model in apps.get_models() if model.__name__.endswith("Event")} == known


def rewritten(row: History) -> History:
    setattr(row, told(type(row)), "another")
    return row


def another(row: History) -> History:
    """Return an unsaved row with the id of `row`."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return type(row)(**values | {told(type(row)): "another"})


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda row: row.save(),
        lambda row: row.save(force_update=True),
        lambda row: row.save(update_fields=[told(type(row))]),
        lambda row: row.delete(),
        lambda row: type(row).objects.update(**{told(type(row)): "another"}),
        lambda row: type(row).objects.filter(pk=row.pk).update(**{told(type(row)): "another"}),
        lambda row: type(row)._base_manager.update(**{told(type(row)): "another"}),
        lambda row: type(row).objects.bulk_update([row], [told(type(row))]),
        lambda row: type(row).objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["id"], update_fields=[told(type(row))]
        ),
        lambda row: type(row).objects.bulk_create([row], ignore_conflicts=True),
        lambda row: type(row).objects.update_or_create(
            pk=row.pk, defaults={told(type(row)): "another"}
        ),
        lambda row: type(row).objects.change_lawfully(**{told(type(row)): "another"}),
        lambda row: type(row).objects.all().delete(),
        lambda row: type(row)._base_manager.all().delete(),
        lambda row: type(row).objects.all()._raw_delete("default"),
    ],
)
def test_no_row_is_changed_or_deleted_by_the_models(row, rewrite):
    before = rows(type(row))

    with pytest.raises(TypeError, match=type(row).REFUSAL), transaction.atomic():
        rewrite(rewritten(row))

    assert rows(type(row)) == before


@pytest.mark.parametrize(
    "rewrite",
    [
        # What the models do not see, the database refuses.
        lambda row: another(row).save(),
        lambda row: another(row).save(force_insert=True),
        lambda row: another(row).save_base(raw=True),
        lambda row: type(row).objects.bulk_create([another(row)]),
        lambda row: type(row).objects.create(pk=row.pk),
        lambda row: models.QuerySet(type(row)).update(**{told(type(row)): "another"}),
        lambda row: models.QuerySet(type(row)).bulk_update([rewritten(row)], [told(type(row))]),
        lambda row: models.QuerySet(type(row)).all().delete(),
        lambda row: models.QuerySet(type(row)).all()._raw_delete("default"),
        lambda row: models.QuerySet(type(row)).bulk_create(
            [another(row)],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[told(type(row))],
        ),
    ],
)
def test_querysets_of_others_are_refused_by_the_database(row, rewrite):
    before = rows(type(row))

    with pytest.raises(IntegrityError), transaction.atomic():
        rewrite(row)

    assert rows(type(row)) == before


def test_looking_for_a_row_or_else_making_it_finds_it(row):
    before = rows(type(row))

    found, is_new = type(row).objects.get_or_create(pk=row.pk, defaults={told(type(row)): "else"})

    assert (found, is_new) == (row, False)
    assert rows(type(row)) == before


SAME_ROW = "SELECT {values} FROM {table} WHERE id = {id}"
STATEMENTS = [
    "UPDATE {table} SET {told} = 'another'",
    "UPDATE {table} SET {told} = {told}",
    "UPDATE {table} SET id = id + 100",
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE id = {id}",
    f"INSERT INTO {{table}} ({{columns}}) {SAME_ROW}"
    " ON CONFLICT (id) DO UPDATE SET {told} = 'another'",
]
SQLITE_STATEMENTS = [
    f"INSERT INTO {{table}} ({{columns}}) {SAME_ROW} ON CONFLICT DO UPDATE SET id = 9",
    f"INSERT OR REPLACE INTO {{table}} ({{columns}}) {SAME_ROW}",
    f"REPLACE INTO {{table}} ({{columns}}) {SAME_ROW}",
    f"REPLACE INTO {{table}} (rowid, {{but_id}}) {SAME_ROW}",
    "REPLACE INTO {table} ({columns}) SELECT '{id}', {but_id} FROM {table} LIMIT 1",
    "REPLACE INTO {table} ({columns}) SELECT {id}.0, {but_id} FROM {table} LIMIT 1",
    "UPDATE OR REPLACE {table} SET {told} = 'another'",
    "UPDATE OR REPLACE {table} SET id = {id} WHERE id <> {id}",
    "UPDATE OR IGNORE {table} SET {told} = 'another'",
]


@pytest.fixture(params=["OFF", "ON"] if IS_SQLITE else ["no such thing"])
def _recursive_triggers(request, db) -> Iterator[None]:
    """Let SQLite fire the triggers of deletion for REPLACE, or not, which is its default."""
    if not IS_SQLITE:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers = {request.param}")
        yield
        cursor.execute("PRAGMA recursive_triggers = OFF")


@pytest.mark.usefixtures("_recursive_triggers")
@pytest.mark.parametrize(
    "statement", STATEMENTS + (SQLITE_STATEMENTS if IS_SQLITE else ["TRUNCATE {table}"])
)
def test_no_row_is_changed_or_deleted_by_sql(row, statement):
    model, before = type(row), rows(type(row))
    columns = [f'"{field.column}"' for field in model._meta.concrete_fields]
    values = ["'another'" if column == f'"{told(model)}"' else column for column in columns]
    sql = statement.format(
        table=model._meta.db_table, told=told(model), id=row.pk,
        columns=", ".join(columns), but_id=", ".join(columns[1:]), values=", ".join(values),
    )  # fmt: skip

    with (
        pytest.raises(IntegrityError, match=model.REFUSAL),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)

    assert rows(model) == before


def first_use(place: str, **more) -> TokenEvent:
    fields = {"token_id": 1, "token_name": "x", "hint": "aBc123", "subject_id": 1}
    return TokenEvent.objects.create(**fields | {"verb": "first_use", "cause": place} | more)


SAME_KEY = "SELECT {but_id} FROM tokens_tokenevent LIMIT 1"
KEY_STATEMENTS = [
    f"INSERT INTO tokens_tokenevent ({{but_id}}) {SAME_KEY}",
    "UPDATE tokens_tokenevent SET cause = 'https://crm.example.com'",
]
SQLITE_KEY_STATEMENTS = [
    f"REPLACE INTO tokens_tokenevent ({{but_id}}) {SAME_KEY}",
    "REPLACE INTO tokens_tokenevent (id, {but_id})"
    " SELECT 9999, {but_id} FROM tokens_tokenevent LIMIT 1",
    "UPDATE OR REPLACE tokens_tokenevent SET cause = 'https://crm.example.com'",
    "UPDATE OR REPLACE tokens_tokenevent SET verb = 'first_use'",
]


@pytest.mark.usefixtures("_recursive_triggers")
@pytest.mark.parametrize("statement", KEY_STATEMENTS + (SQLITE_KEY_STATEMENTS if IS_SQLITE else []))
def test_no_row_makes_room_for_another_with_the_same_unique_key(statement):
    first_use("203.0.113.0/24")
    first_use("https://crm.example.com")
    first_use("203.0.113.0/24", verb="denied")
    before = rows(TokenEvent)
    but_id = ", ".join(field.column for field in TokenEvent._meta.concrete_fields[1:])

    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(but_id=but_id))

    assert rows(TokenEvent) == before


def test_a_unique_key_holds_where_it_is_meant_to():
    first_use("203.0.113.0/24")
    first_use("203.0.113.0/24", verb="denied")
    first_use("203.0.113.0/24", verb="denied")
    first_use("203.0.113.0/24", token_id=2)

    assert TokenEvent.objects.count() == 4


def test_a_test_knows_every_unique_key(history):
    """A new one wants a statement above that tries to make room by it."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, history._meta.db_table)
    keys = [each["columns"] for each in found.values() if each["unique"] or each["primary_key"]]

    expected = [["id"], ["token_id", "cause"]] if history is TokenEvent else [["id"]]
    assert sorted(keys) == expected


def test_adding_costs_one_query(write, django_assert_num_queries):
    write()

    with django_assert_num_queries(1):
        write()


def test_rows_are_added_one_by_one_and_many_at_once(row):
    model, before = type(row), rows(type(row))
    one, two, three = another(row), another(row), another(row)
    one.pk = two.pk = three.pk = None

    one.save()
    model.objects.bulk_create([two, three])

    assert rows(model)[:-3] == before
    assert [each[told(model)] for each in rows(model)[-3:]] == ["another"] * 3


def test_no_id_is_given_twice(row):
    model, last = type(row), rows(type(row))[-1]["id"]
    triggers.unguard(model, connection)
    models.QuerySet(model).filter(pk=last)._raw_delete("default")

    again = another(row)
    again.pk = None
    again.save()

    assert again.pk > last


def test_migrating_brings_the_guard_back(row):
    triggers.unguard(type(row), connection)
    room = apps.get_app_config(type(row)._meta.app_label)

    triggers.guard_after_migrating(app_config=room, using="default")

    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(type(row)).all()._raw_delete("default")


def test_migrating_leaves_a_table_for_later_that_is_not_made_yet(row, monkeypatch):
    room = apps.get_app_config(type(row)._meta.app_label)
    monkeypatch.setattr(type(row)._meta, "db_table", "no_such_table")

    triggers.guard_after_migrating(app_config=room, using="default")


def test_nothing_that_a_history_tells_of_takes_it_along(history):
    references = [field for field in history._meta.get_fields() if field.many_to_one]

    assert all(field.remote_field.on_delete is models.PROTECT for field in references)


def test_a_dump_is_loaded_into_an_empty_table_but_over_no_row(row):
    model = type(row)
    dump = serializers.serialize("json", model.objects.all())
    triggers.unguard(model, connection)
    models.QuerySet(model).all()._raw_delete("default")
    triggers.guard(model, connection)

    for each in serializers.deserialize("json", dump):
        each.save()
    loaded = rows(model)
    with pytest.raises(IntegrityError), transaction.atomic():
        next(iter(serializers.deserialize("json", dump))).save()

    assert serializers.serialize("json", model.objects.all()) == dump
    assert rows(model) == loaded
