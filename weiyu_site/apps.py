"""The two apps of the project folder: the project itself and our admin site."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class WeiyuSiteConfig(AppConfig):
    name = "weiyu_site"


class WeiyuAdminConfig(AdminConfig):
    default_site = "weiyu_site.admin.WeiyuAdminSite"
