"""Idempotency-Key: a POST that is sent again is answered again, and done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, cast

from django.db import connection, transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from records.errors import Conflict
from rest.callers import caller_of
from rest.models import StoredAnswer

LONGEST_KEY = 255
KEPT_HEADERS = ("Location", "ETag")
# Old answers are swept out once in so many new ones.
SWEEP_EVERY = 200

Handler = Callable[..., HttpResponseBase]


def once(view: Any, handler: Handler, request: Request, *args: Any, **kwargs: Any) -> Any:
    """Run `handler` and keep its answer, in one transaction; or give the kept answer again."""
    row = _row_for(request)
    with transaction.atomic():
        _claim(row)
        earlier = _earlier(row)
        if earlier is not None:
            return _replay(view, earlier, row)
        response = handler(request, *args, **kwargs)
        if 200 <= response.status_code < 300 and isinstance(response, Response):
            _keep(row, view, response)
        return response


def _row_for(request: Request) -> StoredAnswer:
    """Return the unsaved row of this call: whose it is, what it asks, with which rights."""
    key = request.headers["Idempotency-Key"]
    if not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        message = _("Idempotency-Key takes 1 to 255 printable ASCII characters.")
        raise ValidationError(message, code="idempotency-key-invalid")
    caller = caller_of(request)
    return StoredAnswer(
        person_id=cast(int, request.user.pk),
        credential=caller.credential(),
        method=str(request.method),
        path=request.path.rstrip("/")[:500],
        key=key,
        fingerprint=_fingerprint(request),
        rights=_digest(caller.rights()),
    )


def _fingerprint(request: Request) -> str:
    """Return a digest of what was sent, the same however the JSON was written."""
    files = {
        name: [hashlib.sha256(b"".join(file.chunks())).hexdigest() for file in found]
        for name, found in request.FILES.lists()
    }
    # A QueryDict (a form) keeps repeated fields; files are told by their bytes.
    lists = getattr(request.data, "lists", None)
    fields = (
        {name: found for name, found in lists() if name not in files} if lists else request.data
    )
    return _digest([request.META.get("QUERY_STRING", ""), fields, files])


def _digest(value: Any) -> str:
    # Keyed, because bodies hold passwords.
    words = json.dumps(value, sort_keys=True)
    return salted_hmac("rest.idempotency", words, algorithm="sha256").hexdigest()


def _claim(row: StoredAnswer) -> None:
    """Refuse a key that another call holds right now.

    PostgreSQL has locks that end with the transaction, however it ends. SQLite lets one writer in
    at a time, so whoever gets here holds every key.
    """
    if connection.vendor != "postgresql":
        return
    name = json.dumps([row.person_id, row.credential, row.method, row.path, row.key])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        (is_ours,) = cursor.fetchone()
    if not is_ours:
        raise Conflict(
            _("The first call with this Idempotency-Key is still running. Ask again in a second."),
            code="idempotency-key-in-flight",
            retry_after=1,
        )


def _earlier(row: StoredAnswer) -> StoredAnswer | None:
    """Return the kept answer under the same key, if it is still good."""
    same = StoredAnswer.objects.filter(
        person_id=row.person_id,
        credential=row.credential,
        method=row.method,
        path=row.path,
        key=row.key,
    )
    same.expired().delete()
    return same.first()


def _replay(view: Any, earlier: StoredAnswer, row: StoredAnswer) -> Response:
    """Give the kept answer again, unless it was another question or is no longer theirs to see."""
    if earlier.fingerprint != row.fingerprint:
        message = _("This Idempotency-Key was used with another body. Take a new key.")
        raise Conflict(message, code="idempotency-key-reused")
    _check_rights_again(view, earlier, row)
    if earlier.has_secret:
        message = _("This was done already, and its secret is shown only once.")
        raise Conflict(message, code="already-issued", id=earlier.object_id)
    headers = {**earlier.headers, "Idempotency-Replayed": "true"}
    return Response(earlier.body, status=earlier.status, headers=headers)


def _check_rights_again(view: Any, earlier: StoredAnswer, row: StoredAnswer) -> None:
    """Refuse what the caller may no longer see; scope and role were checked on the way in."""
    if earlier.rights != row.rights:
        message = _("This was done already, under other rights. Read the object instead.")
        raise Conflict(message, code="already-done", id=earlier.object_id)
    if not hasattr(view, "get_queryset"):
        return
    if view.detail:
        view.get_object()
        return
    is_made = view.action == "create" and earlier.object_id is not None
    if is_made and not view.get_queryset().filter(pk=earlier.object_id).exists():
        raise Http404


def _keep(row: StoredAnswer, view: Any, response: Response) -> None:
    answer = response.data if isinstance(response.data, dict) else {}
    row.object_id = answer.get("id") if isinstance(answer.get("id"), int) else None
    row.has_secret = view.shows_secret
    row.status = response.status_code
    if not row.has_secret:
        row.body = json.loads(json.dumps(response.data, cls=JSONEncoder))
        row.headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    row.save(force_insert=True)
    if row.pk % SWEEP_EVERY == 0:
        transaction.on_commit(lambda: StoredAnswer.objects.expired().delete())
