"""What people and programs see when Django itself refuses a request or fails."""

from __future__ import annotations

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from configuration.values import remembered
from records.outages import is_outage
from rest import problems
from tokens.backends import FAMILIES
from tokens.scopes import allows


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problems.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return _page(request, 413, _("Too large"), _("What you sent is too large."))
    return _page(request, 400, _("Bad request"), _("This request cannot be read."))


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problems.answer(exception, request) or problems.problem(
            403, "forbidden", _("You may not do this."), request=request
        )
    detail = _("You may not see this page.")
    if scope := _scope_that_lacks(request):
        detail = _(
            "The token of the link that opened this session lacks the permission “%(scope)s”. An "
            "administrator can tick it in the token's permissions; or log out, and sign in with "
            "your password."
        ) % {"scope": scope}
    return _page(request, 403, _("Not allowed"), detail)


def _scope_that_lacks(request: HttpRequest) -> str:
    """Return what a page of the admin needs and the token of this session does not have."""
    # Absent where the request failed before our middleware.
    token = getattr(request, "access_token", None)
    family = FAMILIES.get(request.path_info.removeprefix("/admin/").partition("/")[0])
    if token is None or family is None:
        return ""
    needed = (f"{family}:read", f"{family}:write")
    return next((scope for scope in needed if not allows(token.user, token, scope)), "")


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problems.not_found(request)
    return _page(request, 404, _("Not found"), _("There is no page at this address."))


def handler500(request: HttpRequest) -> HttpResponse:
    # Django names no cause, but is still handling it.
    error = sys.exception()
    if isinstance(error, Exception) and is_outage(error):
        return _unavailable(request, error)
    if _is_api(request):
        return problems.server_error(request)
    return _page(request, 500, _("Something went wrong"), str(problems.SERVER_ERROR))


def _unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer while the database, or the disk, is away: to programs as a problem."""
    accepted = request.get_preferred_type(["text/html", "application/json"])
    if _is_api(request) or accepted == "application/json":
        return problems.unavailable(error, request)
    page = _page(request, 503, _("Out of order for a moment"), str(problems.UNAVAILABLE))
    return problems.as_outage(page, error, request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that came from elsewhere, or from a page that is too old."""
    detail = _("This form has expired or came from another site. Go back, reload and try again.")
    if _is_api(request):
        return problems.problem(403, "csrf-failed", detail, request=request)
    return _page(request, 403, _("Not allowed"), detail)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _page(request: HttpRequest, status: int, title: str, detail: str) -> HttpResponse:
    # Without the request: context processors would ask the session and the
    # database, which may be what failed.
    page = render_to_string(
        "error.html",
        {
            "status": status,
            "title": title,
            "detail": detail,
            "start": "/admin/" if request.path.startswith("/admin/") else "/",
            "our_name": remembered("site_name"),
            "request_id": request.META.get("weiyu.request_id", ""),
        },
    )
    return HttpResponse(page, status=status, headers={"Cache-Control": "no-store"})
