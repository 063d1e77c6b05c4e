"""Every refusal as RFC 9457 problem+json: programs match on `code`, people read `detail`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import singledispatch
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import (
    NON_FIELD_ERRORS,
    PermissionDenied,
    RequestDataTooBig,
    ValidationError,
)
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.log import log_response
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.settings import api_settings
from rest_framework.utils.encoders import JSONEncoder

from records.errors import Conflict, Stale, as_code, code_of, sentence_of, status_of
from records.outages import RETRY_AFTER, is_outage

MEDIA_TYPE = "application/problem+json"
SERVER_ERROR = gettext_lazy(
    "Something went wrong here. Try again; if it stays, report the request id."
)
UNAVAILABLE = gettext_lazy("We cannot reach our data at the moment. Try again in a few seconds.")

# Nobody reads more; what else is wrong is told when these are mended.
MOST_ERRORS = 20

# One broken input: the dotted path of the field ("" for the whole), a code and a sentence.
FieldError = dict[str, str]


def problem_body(
    status: int,
    code: str,
    detail: str,
    *,
    request_id: str,
    errors: Iterable[FieldError] = (),
    **extra: Any,
) -> str:
    """Return the JSON of a problem; `extra` members stand beside the standard ones."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": list(errors),
        "request_id": request_id,
        **extra,
    }
    return json.dumps(body, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":"))


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    request: HttpRequest | None = None,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> HttpResponse:
    """Answer a request with a problem."""
    request_id = request.META.get("weiyu.request_id", "") if request else ""
    return HttpResponse(
        problem_body(status, code, detail, request_id=request_id, errors=errors, **extra),
        status=status,
        content_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def problem_response(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer `error` for REST framework; what is not expected stays Django's, which logs it."""
    request = context.get("request")
    if isinstance(error, Stale) and "current" not in error.details:
        tell_current = getattr(context.get("view"), "current_object", None)
        if tell_current and (current := tell_current()) is not None:
            error.details["current"] = current
    return answer(error, request)


@singledispatch
def answer(error: Exception, request: HttpRequest | None) -> HttpResponse | None:
    """Return the problem that says `error`, or None for an error nobody expected."""
    return None


@answer.register
def _answer_missing(
    error: Http404 | exceptions.NotFound, request: HttpRequest | None
) -> HttpResponse:
    return not_found(request)


@answer.register
def _answer_invalid(error: exceptions.ValidationError, request: HttpRequest | None) -> HttpResponse:
    return _invalid(_rest_errors(error.detail), request)


@answer.register
def _answer_broken_rule(error: ValidationError, request: HttpRequest | None) -> HttpResponse:
    return _invalid(_django_errors(error), request)


@answer.register
def _answer_refusal(
    error: Conflict | PermissionDenied, request: HttpRequest | None
) -> HttpResponse:
    details = dict(getattr(error, "details", {}))
    wait = details.pop("retry_after", None)
    return problem(
        status_of(error),
        code_of(error),
        sentence_of(error),
        request=request,
        headers={"Retry-After": str(wait)} if wait else None,
        **details,
    )


@answer.register
def _answer_too_big(error: RequestDataTooBig, request: HttpRequest | None) -> HttpResponse:
    return problem(413, "body-too-large", _("The request body is too large."), request=request)


@answer.register
def _answer_rest(error: exceptions.APIException, request: HttpRequest | None) -> HttpResponse:
    """Answer what REST framework itself refuses: methods, media types, throttles, no caller."""
    code = error.get_codes()
    code = as_code(code if isinstance(code, str) else error.default_code)
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    code = _OWN_CODES.get(code, code)
    return problem(error.status_code, code, str(error.detail), request=request, headers=headers)


@answer.register
def _answer_outage(
    error: DatabaseError | InterfaceError | OSError, request: HttpRequest | None
) -> HttpResponse | None:
    """Answer what passes by itself; any other failure of theirs is nobody's expectation."""
    return unavailable(error, request) if is_outage(error) else None


# REST framework's own words, in ours.
_OWN_CODES = {
    "parse-error": "malformed",
    "permission-denied": "forbidden",
    "throttled": "rate-limited",
    "unsupported-media-type": "media-type-unsupported",
}


def not_found(request: HttpRequest | None) -> HttpResponse:
    detail = _("There is nothing here, or it is not yours to see. Check the address and the id.")
    return problem(404, "not-found", detail, request=request)


def bad_request(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer what Django refuses before any view: hosts, sizes, too many fields."""
    return answer(error, request) or problem(
        400, "bad-request", _("The request is malformed."), request=request
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an error of ours without a word about it; the log has the rest."""
    return problem(500, "server-error", str(SERVER_ERROR), request=request)


def unavailable(error: Exception, request: HttpRequest | None) -> HttpResponse:
    """Answer an outage, which the caller may wait for."""
    return as_outage(problem(503, "unavailable", str(UNAVAILABLE), request=request), error, request)


def as_outage(
    response: HttpResponse, error: Exception, request: HttpRequest | None
) -> HttpResponse:
    """Say when to try again, and log the cause instead of Django's own line without it."""
    response.headers["Retry-After"] = str(RETRY_AFTER)
    path = request.path if request else "-"
    log_response(
        "%s: %s", response.reason_phrase, path, response=response, request=request, exception=error
    )
    return response


def _invalid(found: Iterator[FieldError], request: HttpRequest | None) -> HttpResponse:
    """Answer bad input; a single error that is no field's gives its code to the whole."""
    errors = list(islice(found, MOST_ERRORS))
    if len(errors) == 1 and not errors[0]["field"]:
        only = errors[0]
        return problem(400, only["code"], only["message"], request=request)
    sentences = [
        f"{error['field']}: {error['message']}" if error["field"] else error["message"]
        for error in errors[:3]
    ]
    return problem(400, "invalid", " ".join(sentences), request=request, errors=errors)


def _rest_errors(detail: Any, path: str = "") -> Iterator[FieldError]:
    """Flatten REST framework's nested details into dotted fields."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            is_whole = name in (NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY)
            yield from _rest_errors(inner, path if is_whole else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            is_sentence = isinstance(inner, str)
            yield from _rest_errors(inner, path if is_sentence else f"{path}.{index}".lstrip("."))
    else:
        code = getattr(detail, "code", "invalid")
        yield {"field": path, "code": as_code(code), "message": str(detail)}


def _django_errors(error: ValidationError) -> Iterator[FieldError]:
    by_field = getattr(error, "error_dict", None) or {NON_FIELD_ERRORS: error.error_list}
    for name, inner in by_field.items():
        field = "" if name == NON_FIELD_ERRORS else name
        for one in inner:
            code = as_code(one.code or "invalid")
            yield from ({"field": field, "code": code, "message": m} for m in one.messages)
