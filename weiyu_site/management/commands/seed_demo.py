from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from weiyu_site import env
from weiyu_site.demo import history, people


class Command(BaseCommand):
    help = (
        "Make demo people, workgroups, tickets and conversations in an empty database. Their"
        " password is WEIYU_DEMO_PASSWORD, or a random one that is printed once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if people.are_there():
            self.say(options, "The demo data is there already; nothing was changed.")
            return
        given = env.optional("WEIYU_DEMO_PASSWORD")
        password = given or secrets.token_urlsafe(12)
        with transaction.atomic():
            # Inside, so that two at once cannot both find the database empty.
            if not people.may_be_made():
                raise CommandError(
                    "This database has people or tickets of its own; demo data goes into an empty"
                    " one. Nothing was changed."
                )
            made = people.make(password)
            history.write(made, people.make_workgroups(made))
        self.say(options, f"{len(made)} demo people can sign in, such as {people.ADMINISTRATOR}.")
        if not given:
            self.stdout.write(f"Their password, shown only now: {password}")

    def say(self, options: dict[str, Any], text: str) -> None:
        if options["verbosity"]:
            self.stdout.write(text)
