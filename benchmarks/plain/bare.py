"""(a) A Django view that answers Weiyu's own bytes and does nothing else."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

_ANSWERS = {
    file.name: file.read_bytes() for file in Path(settings.ANSWERS).iterdir() if file.is_file()
}


@csrf_exempt
def answer(request: HttpRequest, name: str) -> HttpResponse:
    if name == "login":
        return HttpResponse(status=303, headers={"Location": "/agent/"})
    return HttpResponse(_ANSWERS[name], content_type="application/json")
