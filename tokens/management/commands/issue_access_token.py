from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actor import Actor
from accounts.models import User
from tokens.models import AccessToken
from tokens.scopes import Scope


class Command(BaseCommand):
    help = "Make an AccessToken and print it, alone, on standard output. It is not kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="the person's username")
        parser.add_argument("--name", required=True, help="what the token is for")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            metavar="SCOPE",
            help=f"a permission, may be repeated: {', '.join(Scope.values)}",
        )
        parser.add_argument("--domain", action="append", default=[], help="an allowed domain")
        parser.add_argument("--network", action="append", default=[], help="an allowed network")
        parser.add_argument("--days", type=float, help="how long it lives")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get_by_natural_key(options["user"])
            _token, secret = AccessToken.objects.issue(
                user=user,
                name=options["name"],
                by=Actor.system(),
                scopes=options["scope"],
                domains=options["domain"],
                networks=options["network"],
                days=options["days"],
            )
        except User.DoesNotExist as error:
            raise CommandError(f"There is nobody with the username {options['user']!r}.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(secret)
