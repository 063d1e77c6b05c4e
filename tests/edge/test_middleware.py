"""The edge before Django alone: the test client and plain WSGI get the same judgement."""

from __future__ import annotations

import ipaddress
import json
import logging
import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse
from django.test import Client, RequestFactory

from weiyu_site import error_views
from weiyu_site.edge.middleware import EdgeMiddleware
from weiyu_site.edge.request_ids import current

TOKEN = "eyJhbGciOiJIUzM4NCIsImtpZCI6InQxIn0.eyJzdWIiOiJ4IiwiaWF0IjoxfQ.c2lnbmF0dXJl_-x"


def passed_on(path="/x", method="get", **extra):
    """Return the request that the next in line sees, and the answer."""
    seen = []

    def answer(request):
        seen.append((request, current.get()))
        return HttpResponse("inner")

    response = EdgeMiddleware(answer)(getattr(RequestFactory(), method)(path, **extra))
    request, inside = seen[0] if seen else (None, "")
    return request, response, inside


def test_the_token_is_only_where_the_verifier_looks():
    request, _, _ = passed_on(
        f"/agent/{TOKEN}?a=1&accessToken={TOKEN}", HTTP_REFERER=f"http://x.example/?token={TOKEN}"
    )

    assert request.META.pop("weiyu.access_tokens") == [TOKEN]
    assert dict(request.GET.items()) == {"a": "1"}
    assert request.path == request.path_info == "/agent/masked-token"
    assert "eyJ" not in repr(request.META)
    assert "eyJ" not in request.build_absolute_uri()


def test_what_the_edge_has_judged_is_only_read():
    request, response, _ = passed_on(
        "/x?accessToken=a", **{"weiyu.request_id": "one", "weiyu.access_tokens": ["b"]}
    )

    assert request.META["weiyu.access_tokens"] == ["b"]
    assert "X-Request-ID" not in response


def test_the_request_id_joins_request_log_and_answer():
    request, response, inside = passed_on(HTTP_X_REQUEST_ID="Order-7")
    _, forged, _ = passed_on(HTTP_X_REQUEST_ID="a\nb")

    assert response["X-Request-ID"] == request.META["weiyu.request_id"] == inside == "Order-7"
    assert re.fullmatch("[0-9a-f]{16}", forged["X-Request-ID"])
    assert current.get() == ""


def test_proxies_count_only_when_trusted(settings):
    forwarded = {"HTTP_X_FORWARDED_FOR": "1.2.3.4", "HTTP_X_FORWARDED_PROTO": "https"}

    request, _, _ = passed_on(**forwarded)
    assert request.META["REMOTE_ADDR"] == "127.0.0.1"
    assert not request.is_secure()
    assert "HTTP_X_FORWARDED_FOR" not in request.META

    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.0/8")]
    request, _, _ = passed_on(**forwarded)
    assert request.META["REMOTE_ADDR"] == "1.2.3.4"
    assert request.is_secure()


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"path": "/api/x?a=%00"}, 400, "malformed"),
        ({"path": "/api/%00"}, 400, "malformed"),
        ({"path": "/api/" + "x" * 17_000}, 414, "address-too-long"),
        ({"path": "/api/x", "HTTP_X_LONG": "x" * 70_000}, 431, "headers-too-large"),
        ({"path": "/api/x", "CONTENT_LENGTH": "-1"}, 400, "malformed"),
        ({"path": "/api/x", "CONTENT_LENGTH": "2621441"}, 413, "body-too-large"),
    ],
)
def test_a_refusal_is_a_problem_that_other_sites_may_read(given, status, code):
    request, response, _ = passed_on(**given)

    assert request is None
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    problem = json.loads(response.content)
    assert problem["code"] == code
    assert problem["request_id"] == response["X-Request-ID"]
    assert set(problem) == {
        "type", "title", "status", "detail", "code", "errors", "request_id",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content_type", "passes"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ('application/x-www-form-urlencoded; Charset="UTF-8"', True),
        ("text/plain;charset=us-ascii", True),
        ("application/json; charset=rot13", False),
        ("application/json; CHARSET=ROT13", False),
        ('application/json; charset="rot13"', False),
        ("application/json; charset=utf-8; charset=rot13", False),
        ("application/json; charset=rot13; charset=utf-8", False),
        ("application/json; charset*=utf-8''rot13", False),
        ("application/json; charset = base64", False),
        ("multipart/form-data; boundary=x; charset=idna", False),
        ("application/x-www-form-urlencoded; charset=undefined", False),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", False),
    ],
)
def test_a_charset_that_is_not_utf_8_goes_no_further(content_type, passes):
    request, response, _ = passed_on(CONTENT_TYPE=content_type)

    assert (request is not None) == passes
    if not passes:
        assert response.status_code == 415
        assert json.loads(response.content)["code"] == "charset-unsupported"


def test_health_answers_any_host(db):
    client = Client(HTTP_HOST="any.example")

    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["checks"] == {
        "database": "ok", "migrations": "ok", "channel_layer": "ok", "data_folder": "ok",
    }  # fmt: skip


def test_a_missing_migration_is_not_ready(db):
    MigrationRecorder.Migration.objects.filter(app="accounts").delete()

    response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert response.json()["checks"]["migrations"] == "failed"
    assert response.json()["checks"]["database"] == "ok"


def test_a_dead_database_is_not_ready_and_says_no_more(monkeypatch, db, caplog):
    def fail():
        raise OSError("password=secret host=db.internal")

    with caplog.at_level(logging.WARNING), monkeypatch.context() as broken:
        broken.setattr(connection, "ensure_connection", fail)
        response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failed"
    assert b"internal" not in response.content
    assert "OSError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("path", ["/api/tickets/list", "/agent/"])
def test_a_foreign_host_is_refused_in_kind(db, path):
    response = Client(HTTP_HOST="evil.example").get(path)

    assert response.status_code == 400
    assert b"evil.example" not in response.content
    assert response["Content-Type"].startswith(
        "application/problem+json" if path.startswith("/api/") else "text/html"
    )


def test_an_unknown_address_is_refused_in_kind(db):
    api, page = Client().get("/api/nothing/here"), Client().get("/nothing/here")

    assert (api.status_code, page.status_code) == (404, 404)
    assert api.json()["code"] == "not-found"
    assert api.json()["request_id"] == api["X-Request-ID"]
    assert page["X-Request-ID"] in page.content.decode()


REFUSALS = [
    (lambda request: error_views.handler400(request, SuspiciousOperation("x")), 400),
    (lambda request: error_views.handler400(request, RequestDataTooBig("x")), 413),
    (lambda request: error_views.handler403(request, PermissionDenied()), 403),
    (lambda request: error_views.handler404(request, Exception("x")), 404),
    (error_views.handler500, 500),
    (lambda request: error_views.csrf_failure(request, "no cookie"), 403),
]


@pytest.mark.parametrize(("refuse", "status"), REFUSALS)
@pytest.mark.parametrize("path", ["/api/x", "/agent/x"])
def test_every_refusal_has_both_kinds(refuse, status, path):
    request = RequestFactory().get(path)
    request.user = AnonymousUser()
    request.META["weiyu.request_id"] = "Order-7"

    response = refuse(request)

    assert response.status_code == status
    assert "Order-7" in response.content.decode()
    is_problem = response["Content-Type"] == "application/problem+json"
    assert is_problem == path.startswith("/api/")
    if not is_problem:
        assert "<style" not in response.content.decode()
        assert " style=" not in response.content.decode()
        assert "<script" not in response.content.decode()
