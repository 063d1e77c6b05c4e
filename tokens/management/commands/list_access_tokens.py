from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tokens.models import AccessToken

COLUMNS = "{:>6}  {:<13}  {:<16}  {:<24}  {:<24}  {}"


class Command(BaseCommand):
    help = "List the AccessTokens: number, state, expiry, person, name and last characters."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(COLUMNS.format("id", "state", "expires", "person", "name", "ends in"))
        for token in AccessToken.objects.select_related("user").order_by("id").iterator():
            self.stdout.write(
                COLUMNS.format(
                    token.pk,
                    token.state,
                    f"{token.expires_at:%Y-%m-%d %H:%M}",
                    token.user.username,
                    token.name,
                    token.hint,
                )
            )
