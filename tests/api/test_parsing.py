"""Bodies that no client means: each is refused with its reason, and nothing is written."""

from __future__ import annotations

import gzip
import zlib

import pytest

from accounts.models import Workgroup

BODIES = [
    (b"{", "malformed"),
    (b"", None),
    (b"   ", "malformed"),
    (b"null", "object-expected"),
    (b"[]", "object-expected"),
    (b'"name"', "object-expected"),
    (b'{"name": NaN}', "not-a-number"),
    (b'{"name": Infinity}', "not-a-number"),
    (b'{"name": 1e999}', "not-a-number"),
    (b'{"name": ' + b"9" * 5000 + b"}", "malformed"),
    (b'{"name": "a", "name": "b"}', "doubled-name"),
    (b'{"name": "a\\u0000b"}', "null-character"),
    (b'{"na\\u0000me": "a"}', "null-character"),
    (b'{"name": "a\x00b"}', "malformed"),
    (b'{"name": "\\ud800"}', "lone-surrogate"),
    (b'{"\\udc00": "x"}', "lone-surrogate"),
    (b'{"name": "\xed\xa0\x80"}', "malformed"),
    (b'{"name": "\xff"}', "malformed"),
    (b'{"name": ' + b"[" * 1000 + b"]" * 1000 + b"}", "too-deep"),
    (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too-deep"),
    (b'{"a": ' * 40 + b"1" + b"}" * 40, "too-deep"),
    (b"{'name': 'x'}", "malformed"),
    (b'\xef\xbb\xbf\xef\xbb\xbf{"name": "x"}', "malformed"),
    ('{"name": "Café"}'.encode("latin-1"), "malformed"),
    ('{"name": "x"}'.encode("utf-16"), "malformed"),
    ('{"name": "x"}'.encode("utf-16-le"), "malformed"),
    ('{"name": "x"}'.encode("utf-32"), "malformed"),
]


@pytest.mark.parametrize(("body", "code"), BODIES, ids=[str(body[:30]) for body, _ in BODIES])
def test_a_broken_body_is_400_with_a_code(body, code, dora, as_user):
    response = as_user(dora).generic(
        "POST", "/api/workgroups/create", body, content_type="application/json"
    )

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    if code:
        assert response.json()["code"] == code
    assert response.json()["detail"]
    assert not Workgroup.objects.exists()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense", ""]
)
def test_a_body_of_another_type_is_415(kind, dora, as_user):
    response = as_user(dora).generic("POST", "/api/workgroups/create", b"name=x", content_type=kind)

    assert response.status_code == 415
    assert response.json()["code"] == "media-type-unsupported"


def test_json_with_a_charset_is_json(dora, as_user):
    response = as_user(dora).generic(
        "POST",
        "/api/workgroups/create",
        '{"name": "账单 🙂"}'.encode(),
        content_type="Application/JSON; charset=utf-8",
    )

    assert response.status_code == 200
    assert response.json()["name"] == "账单 🙂"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_three_megabytes_are_413(method, dora, as_user):
    group = Workgroup.objects.create(name="Billing")
    path = "/api/workgroups/create" if method == "POST" else f"/api/workgroups/{group.pk}"

    response = as_user(dora).generic(
        method, path, b'{"name": "' + b"x" * 3_000_000 + b'"}', content_type="application/json"
    )

    assert response.status_code == 413
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "body-too-large"
    assert list(Workgroup.objects.values_list("name", flat=True)) == ["Billing"]


def test_a_byte_order_mark_is_taken(dora, as_user):
    body = '\ufeff{"name": "账单"}'.encode()
    response = as_user(dora).generic("POST", "/api/workgroups/create", body, "application/json")

    assert response.status_code == 200
    assert response.json()["name"] == "账单"


@pytest.mark.parametrize(
    ("body", "headers", "status", "named"),
    [
        ('{"name": "Café"}'.encode("latin-1"), {}, 400, "Latin-1"),
        ('{"name": "x"}'.encode("utf-16"), {}, 400, "UTF-16"),
        ('{"name": "x"}'.encode("utf-16-be"), {}, 400, "UTF-16"),
        ('{"name": "x"}'.encode("utf-32"), {}, 400, "UTF-32"),
        (gzip.compress(b'{"name": "x"}', mtime=0), {}, 415, "compressed"),
        (gzip.compress(b'{"name": "x"}', mtime=0), {"Content-Encoding": "gzip"}, 415, "compressed"),
        (zlib.compress(b'{"name": "x"}'), {"Content-Encoding": "deflate"}, 415, "compressed"),
        (b"name=x&description=y", {}, 400, "form"),
    ],
)
def test_another_way_of_writing_is_named(body, headers, status, named, dora, as_user):
    response = as_user(dora).generic(
        "POST", "/api/workgroups/create", body, "application/json", headers=headers
    )

    assert response.status_code == status
    assert named in response.json()["detail"]
    assert not Workgroup.objects.exists()


def test_identity_is_no_encoding(dora, as_user):
    headers = {"Content-Encoding": "identity"}
    response = as_user(dora).generic(
        "POST", "/api/workgroups/create", b'{"name": "x"}', "application/json", headers=headers
    )

    assert response.status_code == 200
