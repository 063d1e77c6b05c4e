from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from benchmarks.plain import bare, by_hand, views

router = DefaultRouter()
router.register("tickets", views.TicketViewSet)

urlpatterns = [
    path("bare/<str:name>", bare.answer),
    path("plain/profile", views.ProfileView.as_view()),
    path("plain/login", views.login_by_link),
    path("plain/", include(router.urls)),
    path("by-hand/tickets", by_hand.tickets),
]
