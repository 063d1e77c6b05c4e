"""The first administrator where nobody types, as docs/operating.md says."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User

PASSWORD = "correct horse battery staple"


def make() -> None:
    call_command("createsuperuser", interactive=False, username="ann@example.com", verbosity=0)


def test_the_password_comes_from_the_environment_and_a_second_run_changes_nothing(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    make()
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "another one, which counts for nothing")

    with pytest.raises(CommandError):
        make()

    ann = User.objects.get(username="ann@example.com")
    assert ann.role == User.Role.ADMINISTRATOR
    assert ann.check_password(PASSWORD)


def test_without_a_password_nobody_can_sign_in(db, monkeypatch):
    monkeypatch.delenv("DJANGO_SUPERUSER_PASSWORD", raising=False)

    make()

    assert not User.objects.get(username="ann@example.com").has_usable_password()
