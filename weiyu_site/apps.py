"""The two apps of the project folder: the project itself and our admin site."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.signals import request_started


class WeiyuSiteConfig(AppConfig):
    name = "weiyu_site"

    def ready(self) -> None:
        from weiyu_site.lost_connections import close_lost

        request_started.connect(close_lost, dispatch_uid="weiyu_site.lost_connections")


class WeiyuAdminConfig(AdminConfig):
    default_site = "weiyu_site.admin.WeiyuAdminSite"
