"""List names that fall together since they are compared in one form, and rename them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.actor import Actor
from accounts.doubles import NAMES, all_doubles
from accounts.models import PersonEvent, User, Workgroup
from records.text import compared


class Command(BaseCommand):
    help = (
        "Lists usernames and names of workgroups that are one name, since case and ways of writing "
        "do not tell them apart. It changes nothing by itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        for model, column in NAMES:
            parser.add_argument(
                f"--rename-{model.lower()}",
                nargs=2,
                action="append",
                default=[],
                metavar=("ID", "NAME"),
                help=f"give one of those listed another {column}; may be repeated",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            for pk, name in options["rename_user"]:
                self._rename(User, "username", pk, name)
            for pk, name in options["rename_workgroup"]:
                self._rename(Workgroup, "name", pk, name)
        found = all_doubles(apps)
        for model, column in NAMES:
            for group in found[model]:
                names = ", ".join(f"{pk} {name!r}" for pk, name in group)
                self.stdout.write(f"{model} {column}: {names}")
        if count := sum(map(len, found.values())):
            raise CommandError(
                f"{count} names stand for several rows. Rename all but one of each line with "
                "--rename-user ID NAME or --rename-workgroup ID NAME."
            )
        self.stdout.write("No names fall together.")

    def _rename(self, model: type[User | Workgroup], column: str, pk: str, name: str) -> None:
        groups = all_doubles(apps)[model.__name__]
        old = {str(row): old for group in groups for row, old in group}.get(pk)
        if old is None:
            raise CommandError(f"{model.__name__} {pk} is not listed: nothing was renamed.")
        others = model._default_manager.exclude(pk=pk).values_list(column, flat=True)
        if compared(name) in map(compared, others.iterator()):
            raise CommandError(f"{name!r} is taken: nothing was renamed.")
        field: Any = model._meta.get_field(column)
        try:
            name = field.clean(name, None)
        except ValidationError as error:
            raise CommandError(f"{name!r}: {' '.join(error.messages)}") from error
        # Column by column: a database of an earlier version has no more.
        model._default_manager.filter(pk=pk).update(**{column: name})
        whose = "person_id" if model is User else "workgroup_id"
        by = Actor.system().as_columns()
        PersonEvent.objects.create(**{whose: pk}, verb="changed", field=column, **by)
