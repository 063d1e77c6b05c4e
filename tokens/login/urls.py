"""Where people come in by link. These stand before the admin's own addresses, whose login would
otherwise copy the token into a second address."""

from __future__ import annotations

from django.urls import path, re_path

from tokens.login import views
from tokens.login.check_page import embed_check

urlpatterns = [
    re_path(r"^(?P<target>agent|admin)/auth/login/?$", views.login_by_token, name="login_by_token"),
    path("agent/auth/arrived", views.arrived, name="login_arrived"),
    path("agent/auth/alive", views.alive, name="login_alive"),
    path("agent/auth/check", embed_check, name="embed_check"),
    path("agent/auth/keep", views.keep, name="login_keep"),
    path("agent/auth/open", views.OpenByCode.as_view(), name="login_by_code"),
    path("agent/auth/renew", views.renew, name="login_renew"),
    path("agent/auth/switch", views.switch, name="login_switch"),
    path("admin/auth/confirm", views.confirm_password, name="confirm_password"),
]
