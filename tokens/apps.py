from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TokensConfig(AppConfig):
    name = "tokens"
    verbose_name = _("AccessTokens")
    due_work = [
        "tokens.due.cut_old_addresses",
        "tokens.due.forget_refused_calls",
        "tokens.due.forget_sessions",
        "tokens.due.give_notices",
    ]

    def ready(self) -> None:
        from tokens.append_only import guard_after_migrating

        post_migrate.connect(guard_after_migrating, sender=self)
