"""The admin site: Django's own, with our theme, front page and doors."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from tokens.doors import may_enter


class WeiyuAdminSite(AdminSite):
    site_header = "Weiyu"
    site_title = "Weiyu"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let administrators in, by password or by a token that may open the admin."""
        return may_enter(request, "admin")

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().index(request, extra_context)
