from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from weiyu_site.urls import handler400, handler500, urlpatterns

__all__ = ["handler400", "handler500", "urlpatterns"]


@csrf_exempt
def crash(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("as tested")


class CrashingApi(APIView):
    scope = "tickets"

    def get(self, request: Request) -> Response:
        raise RuntimeError("as tested")


urlpatterns = [
    path("agent/crash/auth/login", crash),
    path("api/crash", CrashingApi.as_view()),
    *urlpatterns,
]
