from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import DefaultRouter
from sesame.views import LoginView

from benchmarks.plain import bare, by_hand, views

router = DefaultRouter()
router.register("tickets", views.TicketViewSet)
router.register("same-tickets", views.SameTicketViewSet, basename="same")
router.register("lean-tickets", views.LeanTicketViewSet)

urlpatterns = [
    path("bare/<str:name>", bare.answer),
    path("plain/profile", views.ProfileView.as_view()),
    path("plain/same-profile", views.SameProfileView.as_view()),
    path("plain/login", views.login_by_link),
    path("plain/sesame", LoginView.as_view()),
    path("plain/", include(router.urls)),
    path("by-hand/tickets", by_hand.tickets),
]
