"""A database of before names had a compared form: what falls together is told, then migrated."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = [(app, "0001_initial") for app in ("messaging", "tokens", "tickets", "accounts")]
# In the order in which they can be emptied.
TABLES = ("messaging.Message", "messaging.Conversation", "tickets.TicketTag", "tickets.Ticket")


def migrate(targets):
    """Migrate, and return how to get at the rows of a model as it is then."""
    models = MigrationExecutor(connection).migrate(targets).apps
    return lambda name: models.get_model(name).objects


def newest():
    return MigrationExecutor(connection).loader.graph.leaf_nodes()


@pytest.fixture
def before(transactional_db):
    """Return the rows as they were, and come back whatever happens."""
    yield migrate(BEFORE)
    rows = migrate(BEFORE)
    for table in (*TABLES, "accounts.Workgroup", "accounts.User"):
        rows(table).all().delete()
    migrate(newest())


def run(*arguments: str) -> str:
    out = StringIO()
    try:
        call_command("check_doubles", *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def test_doubles_stop_the_migration_until_they_are_renamed(before):
    people, groups = before("accounts.User"), before("accounts.Workgroup")
    one, other = (people.create(username=name, password="!").pk for name in ("ö@x", "ｏ\u0308@X"))
    sales, south = (groups.create(name=name).pk for name in ("Vertrieb Süd", "VERTRIEB SÜD"))

    with pytest.raises(CommandError, match="check_doubles"):
        migrate(newest())

    told = run()
    assert f"User username: {one} 'ö@x', {other} " in told
    assert f"Workgroup name: {sales} 'Vertrieb Süd', {south} 'VERTRIEB SÜD'" in told
    assert "nothing was renamed" in run("--rename-user", str(other), "Ö@x")
    assert "nothing was renamed" in run("--rename-user", "999999", "free")
    assert "Write an e-mail" in run("--rename-user", str(other), "two words")
    renamed = run("--rename-user", str(other), "o2@x", "--rename-workgroup", str(south), "Süd")
    assert renamed == "No names fall together.\n"
    assert people.get(pk=other).username == "o2@x"

    now = migrate(newest())

    names = now("accounts.User").order_by("pk").values_list("username_compared", flat=True)
    assert list(names) == ["ö@x", "o2@x"]
    assert run() == "No names fall together.\n"


def test_texts_and_tags_of_before_are_found(before):
    person = before("accounts.User").create(username="jo", password="!")
    ticket = before("tickets.Ticket").create(requester=person, title="MÜLLER", content="ＡＢＣ")
    for name in ("ｖｉｐ", "vip", "cafe\u0301"):
        before("tickets.TicketTag").create(ticket=ticket, name=name)
    talk = before("messaging.Conversation").create(kind="ticket", ticket=ticket, status="open")
    before("messaging.Message").create(
        conversation=talk, seq=1, public_seq=1, author=person, content="ПРИВЕТ"
    )

    now = migrate(newest())

    assert now("tickets.Ticket").get().searched == "müller\nabc"
    assert now("messaging.Message").get().searched == "привет"
    tags = now("tickets.TicketTag").values_list("name", flat=True)
    assert sorted(tags) == ["café", "vip"]
