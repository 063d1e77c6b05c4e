"""The two apps of the project folder: the project itself and our admin site."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.core.signals import request_started

from weiyu_site.private_files import make_private


class WeiyuSiteConfig(AppConfig):
    name = "weiyu_site"

    def ready(self) -> None:
        from weiyu_site.lost_connections import close_lost

        make_private(settings.DATABASES["default"], settings.MEDIA_ROOT)
        request_started.connect(close_lost, dispatch_uid="weiyu_site.lost_connections")


class WeiyuAdminConfig(AdminConfig):
    default_site = "weiyu_site.admin.WeiyuAdminSite"
