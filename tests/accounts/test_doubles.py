"""Names that are one by their compared form, although the database has them as several."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import PersonEvent, User, Workgroup


def run(*arguments: str) -> str:
    out = StringIO()
    try:
        call_command("check_doubles", *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


@pytest.fixture
def doubles(db) -> tuple[list[int], list[int]]:
    """Names of before: their compared forms are not those that they would have now."""
    people = [User.objects.create_user(name, None).pk for name in ("one", "other")]
    for pk, name in zip(people, ("ö@x", "ｏ\u0308@X"), strict=True):
        User.objects.filter(pk=pk).update(username=name)
    groups = [Workgroup.objects.create(name=name).pk for name in ("one", "other")]
    for pk, name in zip(groups, ("Vertrieb Süd", "VERTRIEB SÜD"), strict=True):
        Workgroup.objects.filter(pk=pk).update(name=name)
    return people, groups


def test_doubles_are_listed_and_renamed(doubles):
    (one, other), (sales, south) = doubles

    told = run()

    assert f"User username: {one} 'ö@x', {other} " in told
    assert f"Workgroup name: {sales} 'Vertrieb Süd', {south} 'VERTRIEB SÜD'" in told
    assert "nothing was renamed" in run("--rename-user", str(other), "Ö@x")
    assert "nothing was renamed" in run("--rename-user", "999999", "free")
    assert "Write an e-mail" in run("--rename-user", str(other), "two words")
    renamed = run("--rename-user", str(other), "o2@x", "--rename-workgroup", str(south), "Süd")
    assert renamed == "No names fall together.\n"
    assert User.objects.get(pk=other).username == "o2@x"
    assert PersonEvent.objects.get(person_id=other).field == "username"


def test_no_doubles_are_no_error(carol):
    assert run() == "No names fall together.\n"
