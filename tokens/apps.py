from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TokensConfig(AppConfig):
    name = "tokens"
    verbose_name = _("AccessTokens")
    due_work = [
        "tokens.maintenance.due_work.cut_old_addresses",
        "tokens.maintenance.due_work.forget_refused_calls",
        "tokens.maintenance.due_work.forget_sessions",
        "tokens.maintenance.due_work.give_notices",
    ]

    def ready(self) -> None:
        from tokens.api import problems, schema  # noqa: F401 - they register themselves
