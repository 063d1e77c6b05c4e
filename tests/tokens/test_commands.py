"""The commands as an operator types them, through the command line itself."""

from __future__ import annotations

import pytest
from django.core.management import execute_from_command_line

from tokens.models import AccessToken

# The command closes its connections, which a test inside a transaction would not survive.
pytestmark = pytest.mark.django_db(transaction=True)


def manage(*typed: str) -> None:
    execute_from_command_line(["manage.py", *typed])


@pytest.mark.parametrize("hint", ["aBc123", "-fDb6a", "--aB_1"])
@pytest.mark.parametrize("typed", [["--hint", "{}"], ["--hint={}"]])
def test_a_token_is_disabled_by_its_last_characters_whatever_they_are(
    typed, hint, dora, issue, capsys
):
    token, _ = issue(dora)
    other, _ = issue(dora)
    AccessToken.objects.filter(pk=token.pk).update(hint=hint)

    manage("disable_access_token", *(word.format(hint) for word in typed))

    token.refresh_from_db()
    other.refresh_from_db()
    assert token.disabled_at is not None
    assert other.disabled_at is None
    assert capsys.readouterr().out == f"Disabled token {token.pk}: test (…{hint}) of Dora.\n"


def test_several_matches_are_named_and_nothing_changes(dora, issue, capsys):
    tokens = [issue(dora)[0] for _ in range(2)]
    AccessToken.objects.update(hint="-fDb6a")

    with pytest.raises(SystemExit) as ended:
        manage("disable_access_token", "--hint", "-fDb6a")

    first, second = (token.pk for token in tokens)
    assert ended.value.code == 1
    assert f"Tokens {second}, {first} match; name one by --id." in capsys.readouterr().err
    assert not AccessToken.objects.exclude(disabled_at=None).exists()


@pytest.mark.parametrize(
    "typed",
    [
        [],
        ["--hint"],
        ["--hint", "--id", "1"],
        ["--hint", "-v", "2"],
        ["--hint", "-fDb6a", "--id", "1"],
    ],
)
def test_what_names_no_token_is_refused(typed, dora, issue):
    issue(dora)

    with pytest.raises(SystemExit) as ended:
        manage("disable_access_token", *typed)

    assert ended.value.code == 2
    assert not AccessToken.objects.exclude(disabled_at=None).exists()
