"""Every address of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts.views import ProfileViewSet, UserViewSet, WorkgroupViewSet
from configuration.api import SettingViewSet
from messaging.views import ConversationViewSet, MessageViewSet
from rest import views as api_pages
from rest.router import FamilyRouter
from stats.views import StatisticsViewSet
from tickets.views import TicketViewSet
from tokens.api.views import LoginLinkViewSet, TokenViewSet
from weiyu_site.error_views import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

router = FamilyRouter()
# In the order in which programs ask most: addresses are tried one after another.
router.one("user/profile", ProfileViewSet)
router.family("tickets", TicketViewSet)
router.family("messages", MessageViewSet)
router.family("conversations", ConversationViewSet)
router.family("users", UserViewSet)
router.family("workgroups", WorkgroupViewSet)
router.family("tokens", TokenViewSet)
router.family("statistics", StatisticsViewSet)
router.family("settings", SettingViewSet)
router.call("login-links", LoginLinkViewSet)

api = [
    re_path(r"^schema/?$", api_pages.schema, name="api-schema"),
    re_path(r"^docs/?$", api_pages.docs, name="api-docs"),
    *router.urls,
    # Also keeps Django from trying a slash at the end of what does not exist.
    re_path(r"", api_pages.unknown_address),
]

urlpatterns = [
    path("api/", include(api)),
    path("api", api_pages.unknown_address),
    # Before the admin, whose own login would copy a token into a second address.
    path("", include("tokens.login.urls")),
    path("", RedirectView.as_view(url="/agent/", query_string=False)),
    path("agent/", include("workstation.urls")),
    path("admin/", admin.site.urls),
]
